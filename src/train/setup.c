/* Building of a trainer: data, network, and what a checkpoint must agree with; and its end. */
#include "base/text.h"
#include "train/metadata.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <inttypes.h>
#include <string.h>

#define USUAL_VAL_SPLIT 0.2f /* of pictures in one folder */

/* ---- data ---- */

/* What is asked for, or usual; the settings get it in its one form. */
static cairn_status choose_augment(cairn_trainer *t)
{
    const char *asked = t->config.augment;
    char *text;
    cairn_status status = CAIRN_OK;
    cairn_model_settings final = t->settings;
    final.h = final.w = cairn_trainer_side(t, t->config.epochs);
    cairn_preprocess chain = cairn_trainer_chain(t, &final);
    if (asked[0] == '\0')
        t->augment = cairn_augment_usual(t->data);
    else
        status = cairn_augment_parse(t->ctx, asked, &t->augment);
    if (status == CAIRN_OK)
        status = cairn_augment_check(t->ctx, &t->augment, &chain, final.h, final.w);
    if (status == CAIRN_OK)
        status = cairn_augment_print(t->ctx, &t->augment, &text);
    if (status != CAIRN_OK)
        return status;
    cairn_free(t->ctx, t->config.augment);
    t->config.augment = text;
    return CAIRN_OK;
}

static cairn_status open_set(cairn_trainer *t)
{
    cairn_dataset_options options = {.val_split = t->config.val_split, .seed = t->config.seed};
    cairn_status status = cairn_dataset_open(t->ctx, t->config.data, &options, &t->dataset);
    if (status == CAIRN_OK)
        t->data = cairn_dataset_about(t->dataset);
    return status;
}

/* Pictures in one folder without parts: some of each class are kept for validation even if nobody asked for
 * it, and that is said. */
static cairn_status open_parts(cairn_trainer *t)
{
    cairn_status status = open_set(t);
    bool one_folder =
        status == CAIRN_OK && t->data->h == 0 && t->data->count[CAIRN_TRAIN] == 0 && t->config.val_split <= 0;
    if (!one_folder)
        return status;
    cairn_dataset_close(t->dataset);
    t->dataset = NULL;
    t->config.val_split = USUAL_VAL_SPLIT;
    status = open_set(t);
    if (status == CAIRN_OK)
        cairn_log(
            t->ctx, CAIRN_LOG_WARNING,
            "%s: has no parts: %lld of %lld pictures, the same share of each class, are kept for validation",
            t->data->path, (long long)t->data->count[CAIRN_VALIDATION],
            (long long)(t->data->count[CAIRN_VALIDATION] + t->data->count[CAIRN_TRAIN]));
    return status;
}

static cairn_status open_data(cairn_trainer *t)
{
    cairn_status status = open_parts(t);
    if (status != CAIRN_OK)
        return status;
    t->evaluated = t->config.val_split > 0 ? CAIRN_VALIDATION : CAIRN_TEST;
    if (t->data->count[CAIRN_TRAIN] == 0)
        return cairn_fail(t->ctx, CAIRN_INPUT, "%s: has no training part", t->data->path);
    if (t->data->count[t->evaluated] == 0)
        return cairn_fail(t->ctx, CAIRN_INPUT,
                          "%s: has no pictures to evaluate on (a validation split would take some "
                          "of the training part)",
                          t->data->path);
    t->eval_settings =
        (cairn_model_settings){.c = t->data->c, .classes = t->data->classes, .set = t->config.set};
    t->settings = t->eval_settings;
    if (t->config.init != NULL)
        status = cairn_weights_chain(t->ctx, t->config.init, &t->init_chain, &t->has_init_chain);
    if (status != CAIRN_OK)
        return status;
    t->eval_settings.h = t->eval_settings.w = cairn_trainer_eval_side(t);
    t->eval_preprocess = cairn_trainer_chain(t, &t->eval_settings);
    return choose_augment(t);
}

/* Name, sizes and counts of the data set, and the bits of its mean and deviation, which every pixel entered.
 */
static cairn_status hash_data(const cairn_trainer *t, char hash[CAIRN_SHA256_TEXT])
{
    const cairn_dataset_info *data = t->data;
    cairn_text text = {.ctx = t->ctx};
    cairn_text_format(&text, "%dx%dx%d %d", data->h, data->w, data->c, data->classes);
    for (size_t i = 0; i < CAIRN_COUNT(data->count); i++)
        cairn_text_format(&text, " %" PRId64, data->count[i]);
    cairn_text_add_bytes(&text, data->mean, sizeof data->mean);
    cairn_text_add_bytes(&text, data->std, sizeof data->std);
    for (int i = 0; i < data->classes; i++)
        cairn_text_add_bytes(&text, data->labels[i], strlen(data->labels[i]) + 1);
    cairn_status status = text.failed ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK)
        cairn_sha256_hex(text.data, text.size, hash);
    cairn_free(t->ctx, text.data);
    return status;
}

/* ---- all of it ---- */

static cairn_status describe(cairn_trainer *t, cairn_weights *weights)
{
    return cairn_metadata_describe(t->ctx, weights, t->config.model, &t->eval_settings, &t->eval_preprocess,
                                   t->data->labels);
}

cairn_status cairn_trainer_prepare(cairn_trainer *t)
{
    const cairn_config *c = &t->config;
    cairn_status status = open_data(t);
    cairn_state_begin(&t->state);
    if (status == CAIRN_OK)
        status = cairn_trainer_size(t, 0);
    if (status == CAIRN_OK)
        status = cairn_trainer_make_evaluation(t);
    if (status == CAIRN_OK)
        status = describe(t, t->weights);
    if (status == CAIRN_OK && t->averaged != NULL)
        status = describe(t, t->averaged);
    t->checkpoints.identity.arch = c->model->name;
    if (status == CAIRN_OK)
        status = cairn_config_hash(t->ctx, c, t->checkpoints.identity.config);
    if (status == CAIRN_OK)
        status = hash_data(t, t->checkpoints.identity.data);
    if (status != CAIRN_OK)
        return status;
    t->steps = cairn_ceil_div(t->data->count[CAIRN_TRAIN], c->batch);
    return cairn_config_schedule(t->ctx, c, t->steps, &t->schedule);
}

/* ---- restoring ---- */

static cairn_status copy_all(cairn_ctx *ctx, const cairn_weights *from, cairn_weights *to)
{
    for (int i = 0; i < cairn_weights_count(to); i++) {
        const cairn_tensor *target = cairn_weights_at(to, i),
                           *source = cairn_weights_find(from, target->name);
        if (source == NULL || cairn_shape_elements(&source->shape) != cairn_shape_elements(&target->shape))
            return cairn_fail(ctx, CAIRN_INPUT, "checkpoint: tensor '%s' %s", target->name,
                              source == NULL ? "is missing" : "has another size");
        cairn_status status = cairn_tensor_set(target, source->dtype, source->data);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

cairn_status cairn_trainer_restore(cairn_trainer *t, cairn_saved *saved)
{
    cairn_status status = copy_all(t->ctx, saved->model, t->weights);
    if (status == CAIRN_OK)
        status = copy_all(t->ctx, saved->train, t->optimiser);
    cairn_state_free(t->ctx, &t->state);
    t->state = saved->state;
    saved->state = (cairn_state){0};
    return status;
}

void cairn_trainer_free(cairn_trainer *t)
{
    cairn_events_close(t->events);
    cairn_loader_destroy(t->loader);
    cairn_loader_destroy(t->evaluation_loader);
    cairn_plan_destroy(t->plan);
    cairn_plan_destroy(t->evaluation);
    cairn_weights_destroy(t->weights);
    cairn_weights_destroy(t->averaged);
    cairn_weights_destroy(t->optimiser);
    cairn_weights_destroy(t->unsaved_best);
    cairn_dataset_close(t->dataset);
    cairn_free(t->ctx, t->samples);
    cairn_free(t->ctx, t->labels);
    cairn_free(t->ctx, t->order);
    cairn_state_free(t->ctx, &t->state);
    if (t->checkpoints.folder != NULL)
        cairn_checkpoints_close(&t->checkpoints);
    cairn_config_free(t->ctx, &t->config);
    cairn_run_close(&t->run);
}
