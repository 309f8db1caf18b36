/* What a training leaves in its folder. Order matters: weights for people and the rows of an epoch come
 * first, the checkpoint that counts them last, so that a death at any moment leads back to a state that will
 * write them again. */
#include "base/file.h"
#include "base/text.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- metadata ---- */

static cairn_status set_meta(cairn_trainer *t, const char *key, cairn_text *text)
{
    cairn_status status = text->failed ? CAIRN_MEMORY : cairn_weights_set_meta(t->weights, key, text->data);
    if (status == CAIRN_OK && t->averaged != NULL)
        status = cairn_weights_set_meta(t->averaged, key, text->data);
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
    cairn_status status =
        save_weights(t, best ? cairn_trainer_shown(t) : t->unsaved_best, "weights/best.safetensors");
    if (best && status == CAIRN_IO) {
        cairn_status copied = cairn_weights_copy(t->ctx, cairn_trainer_shown(t), &t->unsaved_best);
        return copied == CAIRN_OK ? status : copied;
    }
    if (!best && status == CAIRN_OK) {
        cairn_weights_destroy(t->unsaved_best);
        t->unsaved_best = NULL;
    }
    return status;
}

/* ---- the best epochs ---- */

static void top_name(char name[64], int64_t epoch)
{
    snprintf(name, 64, "weights/top/epoch-%04" PRId64 ".safetensors", epoch);
}

/* Removes the weights of epochs that are not in the list; a death may have left more than one. */
static cairn_status drop_top(const cairn_trainer *t)
{
    char **names = NULL, *folder = cairn_run_path(&t->run, "weights/top");
    size_t count = 0;
    cairn_status status = folder == NULL ? CAIRN_MEMORY : cairn_folder_list(t->ctx, folder, &names, &count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        bool listed = false;
        for (int k = 0; k < t->config.keep && t->state.kept[k] != 0; k++) {
            char name[64];
            top_name(name, t->state.kept[k]);
            listed |= strcmp(name + strlen("weights/top/"), names[i]) == 0;
        }
        char *path = cairn_path_join(t->ctx, folder, names[i]);
        if (path == NULL)
            status = CAIRN_MEMORY;
        else if (!listed)
            status = cairn_tree_remove(t->ctx, path);
        cairn_free(t->ctx, path);
    }
    cairn_names_free(t->ctx, names, count);
    cairn_free(t->ctx, folder);
    return status;
}

/* Before the checkpoint that lists the epoch: what is too much is removed behind it. */
static cairn_status save_top(cairn_trainer *t, const cairn_epoch_metrics *metrics, bool *dropped)
{
    char name[64];
    cairn_state before = t->state;
    *dropped = false;
    if (t->config.keep == 0)
        return CAIRN_OK;
    int64_t left = cairn_state_keep(&t->state, t->config.keep, metrics->epoch, metrics->val_top1);
    if (left == metrics->epoch)
        return CAIRN_OK;
    *dropped = left != 0;
    char *folder = cairn_run_path(&t->run, "weights/top");
    cairn_status status = folder == NULL ? CAIRN_MEMORY : cairn_folder_make(t->ctx, folder);
    cairn_free(t->ctx, folder);
    top_name(name, metrics->epoch);
    if (status == CAIRN_OK)
        status = save_weights(t, cairn_trainer_shown(t), name);
    if (status != CAIRN_OK)
        t->state = before;
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
    bool dropped = false;
    cairn_run_add_metrics(&t->run, metrics);
    cairn_status status = describe_progress(t);
    if (status == CAIRN_OK)
        status = describe_metrics(t, metrics);
    if (status == CAIRN_OK)
        status = save_best(t, best);
    if (status == CAIRN_OK)
        status = save_weights(t, cairn_trainer_shown(t), "weights/last.safetensors");
    if (status == CAIRN_OK)
        status = save_top(t, metrics, &dropped);
    if (status == CAIRN_OK)
        status = save_checkpoint(t, best);
    if (status == CAIRN_OK && dropped)
        status = drop_top(t);
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
