/* What a training leaves in its folder. Order matters: weights for people and the rows of an epoch come
 * first, the checkpoint that counts them last, so that a death at any moment leads back to a state that will
 * write them again. */
#include "base/file.h"
#include "base/text.h"
#include "train/trainer.h"
#include <inttypes.h>
#include <string.h>

/* ---- metadata ---- */

static cairn_status set_meta(cairn_trainer *t, const char *key, cairn_text *text)
{
    cairn_status status = text->failed ? CAIRN_MEMORY : cairn_weights_set_meta(t->weights, key, text->data);
    cairn_free(t->ctx, text->data);
    return status;
}

/* Says in the weights how far they were trained. Nothing here may differ between two equal runs. */
static cairn_status describe_progress(cairn_trainer *t)
{
    cairn_text run = {.ctx = t->ctx};
    cairn_text_format(&run, "{\"seed\":%" PRIu64 ",\"epoch\":%" PRId64 ",\"step\":%" PRId64 "}",
                      t->config.seed, t->state.epoch, t->state.step);
    return set_meta(t, "cairn.run", &run);
}

static cairn_status describe_metrics(cairn_trainer *t, const cairn_epoch_metrics *metrics)
{
    cairn_text text = {.ctx = t->ctx};
    cairn_text_add(&text, "{\"top1\":");
    cairn_text_number(&text, metrics->val_top1);
    cairn_text_add(&text, ",\"top5\":");
    cairn_text_number(&text, metrics->val_top5);
    cairn_text_add(&text, ",\"loss\":");
    cairn_text_number(&text, metrics->val_loss);
    cairn_text_format(&text, ",\"set\":\"%s\"}", t->evaluated == CAIRN_VALIDATION ? "val" : "test");
    return set_meta(t, "cairn.metrics", &text);
}

/* ---- weights for people ---- */

static cairn_status save_weights(const cairn_trainer *t, const cairn_weights *weights, const char *name)
{
    char *path = cairn_run_path(&t->run, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_weights_save(weights, path);
    cairn_free(t->ctx, path);
    return status;
}

static cairn_status copy_weights(cairn_ctx *ctx, const cairn_weights *from, cairn_weights **copy)
{
    cairn_status status = cairn_weights_create(ctx, copy);
    for (int i = 0; status == CAIRN_OK && i < cairn_weights_count(from); i++) {
        const cairn_tensor *tensor = cairn_weights_at(from, i), *added;
        status =
            cairn_weights_add(*copy, tensor->name, tensor->dtype, tensor->layout, &tensor->shape, &added);
        if (status == CAIRN_OK)
            memcpy(added->data, tensor->data,
                   (size_t)cairn_shape_elements(&tensor->shape) * cairn_dtype_size(tensor->dtype));
    }
    for (int i = 0; status == CAIRN_OK && i < cairn_weights_meta_count(from); i++) {
        const char *key, *value;
        cairn_weights_meta_at(from, i, &key, &value);
        status = cairn_weights_set_meta(*copy, key, value);
    }
    return status;
}

/* Writes the best weights, the present ones or older ones that are still waiting. Those that cannot be
 * written are kept in memory, because later steps change them. */
static cairn_status save_best(cairn_trainer *t, bool best)
{
    if (best) {
        cairn_weights_destroy(t->unsaved_best);
        t->unsaved_best = NULL;
    } else if (t->unsaved_best == NULL) {
        return CAIRN_OK;
    }
    cairn_status status = save_weights(t, best ? t->weights : t->unsaved_best, "weights/best.safetensors");
    if (best && status == CAIRN_IO) {
        cairn_status copied = copy_weights(t->ctx, t->weights, &t->unsaved_best);
        return copied == CAIRN_OK ? status : copied;
    }
    if (!best && status == CAIRN_OK) {
        cairn_weights_destroy(t->unsaved_best);
        t->unsaved_best = NULL;
    }
    return status;
}

/* ---- checkpoints ---- */

static cairn_status save_checkpoint(cairn_trainer *t, bool best)
{
    cairn_status status = cairn_run_flush_metrics(&t->run, &t->state.results_bytes, &t->state.metrics_bytes);
    cairn_saved saved = {t->weights, t->optimiser, t->state};
    return status == CAIRN_OK ? cairn_checkpoint_save(&t->checkpoints, &saved, best) : status;
}

cairn_status cairn_trainer_save_epoch(cairn_trainer *t, const cairn_epoch_metrics *metrics, bool best)
{
    cairn_run_add_metrics(&t->run, metrics);
    cairn_status status = describe_progress(t);
    if (status == CAIRN_OK)
        status = describe_metrics(t, metrics);
    if (status == CAIRN_OK)
        status = save_best(t, best);
    if (status == CAIRN_OK)
        status = save_weights(t, t->weights, "weights/last.safetensors");
    if (status == CAIRN_OK)
        status = save_checkpoint(t, best);
    if (status != CAIRN_IO || t->state.epoch == t->config.epochs)
        return status;
    cairn_log(t->ctx, CAIRN_LOG_WARNING, "%s; the training goes on and saves again after the next epoch",
              cairn_error(t->ctx));
    return CAIRN_OK;
}

cairn_status cairn_trainer_save_position(cairn_trainer *t)
{
    cairn_status status = save_best(t, false);
    if (status == CAIRN_OK)
        status = describe_progress(t);
    if (status == CAIRN_OK)
        status =
            cairn_weights_set_meta(t->weights, "cairn.metrics", NULL); /* they belong to earlier weights */
    return status == CAIRN_OK ? save_checkpoint(t, false) : status;
}
