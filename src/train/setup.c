/* Building of a trainer: how the data become the network's input, and the plans and loaders that one step
 * needs. */
#include "base/text.h"
#include "train/classifier.h"
#include "train/evaluate.h"
#include "train/metadata.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define USUAL_VAL_SPLIT 0.2f /* of pictures in one folder */

/* ---- data ---- */

/* Pictures that are smaller by the same even number on both axes are padded, as 28x28 digits for LeNet-5;
 * others are resized. A chain for square pictures also says how a picture of any other size would come to
 * theirs. */
static void choose_preprocess(cairn_trainer *t)
{
    const cairn_dataset_info *data = t->data;
    const cairn_model_settings *s = &t->settings;
    cairn_preprocess *p = &t->preprocess;
    if (data->h == 0) { /* files of any size */
        *p = cairn_preprocess_of(t->config.model, s);
        return;
    }
    *p = (cairn_preprocess){.channels = data->c};
    memcpy(p->mean, data->mean, sizeof p->mean);
    memcpy(p->std, data->std, sizeof p->std);
    int rows = s->h - data->h, columns = s->w - data->w;
    if (rows != columns || rows < 0 || rows % 2 != 0) {
        p->resize = s->h;
        p->squash = true;
        return;
    }
    p->pad = rows / 2;
    if (data->h == data->w)
        p->resize = p->crop = data->h;
}

/* What is asked for, or usual; the settings get it in its one form. */
static cairn_status choose_augment(cairn_trainer *t)
{
    const char *asked = t->config.augment;
    char *text;
    cairn_status status = CAIRN_OK;
    if (asked[0] == '\0')
        t->augment = cairn_augment_usual(t->data);
    else
        status = cairn_augment_parse(t->ctx, asked, &t->augment);
    if (status == CAIRN_OK)
        status = cairn_augment_check(t->ctx, &t->augment, &t->preprocess, t->settings.h, t->settings.w);
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
    const cairn_model *model = t->config.model;
    t->settings = (cairn_model_settings){
        .h = model->h, .w = model->w, .c = t->data->c, .classes = t->data->classes, .set = t->config.set};
    choose_preprocess(t);
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

/* ---- network ---- */

static cairn_status make_plans(cairn_trainer *t)
{
    const cairn_config *c = &t->config;
    cairn_model_training training = {
        .loss = {.smoothing = c->label_smoothing},
        .soft = cairn_augment_mixes(&t->augment),
        .sgd = {.momentum = c->momentum, .nesterov = c->nesterov, .weight_decay = c->weight_decay}};
    cairn_plan_options options = {.batch = c->batch, .training = true};
    cairn_graph *graph;
    cairn_model_input input =
        cairn_augment_needs_floats(&t->augment) ? CAIRN_INPUT_NUMBERS : CAIRN_INPUT_BYTES;
    cairn_status status = cairn_model_graph(t->ctx, c->model, &t->settings, input, t->preprocess.scale,
                                            t->preprocess.mean, t->preprocess.std, &training, &graph);
    if (status != CAIRN_OK)
        return status;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        t->params += param.trainable ? cairn_shape_elements(&param.shape) : 0;
    }
    status = cairn_weights_begin(t->ctx, graph, c->model->names, c->seed, c->init, &t->weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(t->ctx, &t->optimiser);
    if (status == CAIRN_OK)
        status = cairn_plan_create(t->ctx, graph, t->weights, t->optimiser, &options, &t->plan);
    cairn_graph_destroy(graph);
    if (status == CAIRN_OK)
        status = cairn_evaluation_plan(t->ctx, c->model, &t->settings, &t->preprocess,
                                       &(cairn_plan_options){.batch = c->batch}, t->weights, &t->evaluation);
    return status;
}

static cairn_status find_ports(cairn_trainer *t)
{
    t->ports = (cairn_step_ports){.image = cairn_plan_data(t->plan, "image"),
                                  .labels = cairn_plan_data(t->plan, "labels"),
                                  .targets = cairn_plan_data(t->plan, "targets"),
                                  .samples = cairn_plan_data(t->plan, "samples"),
                                  .logits = cairn_plan_data(t->plan, "logits"),
                                  .losses = cairn_plan_data(t->plan, "losses"),
                                  .finite = cairn_plan_data(t->plan, "finite")};
    if (t->ports.samples == NULL)
        t->ports.samples = t->samples = cairn_alloc(t->ctx, (size_t)t->config.batch, sizeof *t->samples);
    if (t->ports.labels == NULL)
        t->ports.labels = t->labels = cairn_alloc(t->ctx, (size_t)t->config.batch, sizeof *t->labels);
    return t->ports.samples == NULL || t->ports.labels == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_status make_loaders(cairn_trainer *t)
{
    cairn_loader_options options = {.dataset = t->dataset,
                                    .split = CAIRN_TRAIN,
                                    .preprocess = &t->preprocess,
                                    .augment = &t->augment,
                                    .seed = t->config.seed,
                                    .floats = cairn_augment_needs_floats(&t->augment),
                                    .broken = CAIRN_BROKEN_REPLACED,
                                    .max_bad = (double)t->config.max_bad,
                                    .h = t->settings.h,
                                    .w = t->settings.w,
                                    .c = t->settings.c,
                                    .batch = t->config.batch,
                                    .threads = t->config.loaders};
    cairn_status status = cairn_loader_create(t->ctx, &options, &t->loader);
    options.split = t->evaluated;
    options.augment = NULL;
    options.floats = false;
    options.broken = CAIRN_BROKEN_MARKED;
    if (status == CAIRN_OK)
        status = cairn_loader_create(t->ctx, &options, &t->evaluation_loader);
    t->order = cairn_alloc(t->ctx, (size_t)t->data->count[CAIRN_TRAIN], sizeof *t->order);
    return status == CAIRN_OK && t->order == NULL ? CAIRN_MEMORY : status;
}

cairn_status cairn_trainer_prepare(cairn_trainer *t)
{
    const cairn_config *c = &t->config;
    cairn_status status = open_data(t);
    if (status == CAIRN_OK)
        status = make_plans(t);
    if (status == CAIRN_OK)
        status = find_ports(t);
    if (status == CAIRN_OK)
        status = make_loaders(t);
    if (status == CAIRN_OK)
        status = cairn_metadata_describe(t->ctx, t->weights, c->model, &t->settings, &t->preprocess,
                                         t->data->labels);
    t->checkpoints.identity.arch = c->model->name;
    if (status == CAIRN_OK)
        status = cairn_config_hash(t->ctx, c, t->checkpoints.identity.config);
    if (status == CAIRN_OK)
        status = hash_data(t, t->checkpoints.identity.data);
    if (status != CAIRN_OK)
        return status;
    t->steps = cairn_ceil_div(t->data->count[CAIRN_TRAIN], c->batch);
    t->schedule = (cairn_schedule){.kind = c->schedule,
                                   .lr = (double)c->lr,
                                   .steps = t->steps * c->epochs,
                                   .warmup_steps = llround((double)c->warmup * (double)t->steps)};
    cairn_state_begin(&t->state);
    return CAIRN_OK;
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

cairn_status cairn_trainer_restore(cairn_trainer *t, const cairn_saved *saved)
{
    cairn_status status = copy_all(t->ctx, saved->model, t->weights);
    if (status == CAIRN_OK)
        status = copy_all(t->ctx, saved->train, t->optimiser);
    t->state = saved->state;
    return status;
}

void cairn_trainer_free(cairn_trainer *t)
{
    cairn_loader_destroy(t->loader);
    cairn_loader_destroy(t->evaluation_loader);
    cairn_plan_destroy(t->plan);
    cairn_plan_destroy(t->evaluation);
    cairn_weights_destroy(t->weights);
    cairn_weights_destroy(t->optimiser);
    cairn_weights_destroy(t->unsaved_best);
    cairn_dataset_close(t->dataset);
    cairn_free(t->ctx, t->samples);
    cairn_free(t->ctx, t->labels);
    cairn_free(t->ctx, t->order);
    if (t->checkpoints.folder != NULL)
        cairn_checkpoints_close(&t->checkpoints);
    cairn_config_free(t->ctx, &t->config);
    cairn_run_close(&t->run);
}
