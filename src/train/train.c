/* cairn_train and cairn_train_resume: a run from its settings or from its folder to its result. */
#include "base/file.h"
#include "train/environment.h"
#include "train/trainer.h"
#include <string.h>

#define MAX_ENVIRONMENT ((size_t)1 << 20)

static void begin(cairn_trainer *t, cairn_ctx *ctx, const cairn_train_hooks *hooks)
{
    *t = (cairn_trainer){.ctx = ctx};
    if (hooks != NULL)
        t->hooks = *hooks;
}

static cairn_status open_checkpoints(cairn_trainer *t)
{
    cairn_identity identity = t->checkpoints.identity;
    return cairn_checkpoints_open(t->ctx, t->run.path, &identity, &t->checkpoints);
}

/* Trains and ends: the result is what the state says, however much of it was trained before. */
static cairn_status run(cairn_trainer *t, cairn_train_result *result)
{
    if (t->config.tensorboard && cairn_events_open(t->ctx, t->run.path, &t->events) != CAIRN_OK)
        cairn_log(t->ctx, CAIRN_LOG_WARNING, "no event file: %s", cairn_error(t->ctx));
    cairn_status status = cairn_run_cut_metrics(&t->run, &t->state.results_bytes, &t->state.metrics_bytes);
    if (status == CAIRN_OK)
        status = cairn_trainer_run(t);
    if (result != NULL)
        *result = (cairn_train_result){(int)t->state.best_epoch, t->state.best_top1, t->state.last_top1,
                                       (int)t->state.epoch};
    if (status == CAIRN_OK)
        cairn_log(t->ctx, CAIRN_LOG_INFO, "%s: trained %d epochs, the best was %d", t->run.path,
                  (int)t->state.epoch, (int)t->state.best_epoch);
    else
        cairn_log(t->ctx, CAIRN_LOG_DEBUG, "%s", cairn_error(t->ctx));
    return status;
}

cairn_status cairn_train(cairn_ctx *ctx, const cairn_train_settings *settings, const cairn_train_hooks *hooks,
                         cairn_train_result *result)
{
    cairn_trainer t;
    begin(&t, ctx, hooks);
    cairn_status status = settings->data != NULL && settings->out != NULL
                              ? cairn_config_resolve(ctx, settings, hooks, &t.config)
                              : cairn_fail(ctx, CAIRN_USAGE, "training needs data and an output folder");
    if (status == CAIRN_OK)
        status = cairn_trainer_prepare(&t);
    if (status == CAIRN_OK)
        status = cairn_run_create(ctx, settings->out, &t.run);
    if (status == CAIRN_OK)
        status = cairn_run_describe(&t.run, &t.config, t.data);
    if (status == CAIRN_OK)
        status = open_checkpoints(&t);
    if (status == CAIRN_OK) {
        cairn_run_log_begin(&t.run);
        status = run(&t, result);
    }
    cairn_trainer_free(&t);
    return status;
}

/* Equal bits are promised for the same kernels only. */
static void warn_of_other_kernels(cairn_trainer *t)
{
    char *path = cairn_run_path(&t->run, "env.json"), isa[32];
    uint8_t *text = NULL;
    size_t size;
    if (path != NULL && cairn_file_read(t->ctx, path, MAX_ENVIRONMENT, &text, &size) == CAIRN_OK &&
        cairn_environment_isa(t->ctx, (const char *)text, size, isa) && strcmp(isa, cairn_isa_name()) != 0)
        cairn_log(t->ctx, CAIRN_LOG_WARNING,
                  "the run began with the %s kernels and goes on with %s: its bits will "
                  "differ from those of an uninterrupted run",
                  isa, cairn_isa_name());
    cairn_free(t->ctx, text);
    cairn_free(t->ctx, path);
}

/* Takes up the last sound checkpoint; without one the run begins anew. */
static cairn_status take_up(cairn_trainer *t)
{
    cairn_saved saved;
    bool found;
    cairn_status status = cairn_checkpoint_load(&t->checkpoints, &saved, &found);
    if (status != CAIRN_OK || !found)
        return status;
    status = cairn_trainer_restore(t, &saved);
    cairn_saved_free(t->ctx, &saved);
    return status;
}

cairn_status cairn_train_resume(cairn_ctx *ctx, const char *folder, const cairn_train_hooks *hooks,
                                cairn_train_result *result)
{
    cairn_trainer t;
    begin(&t, ctx, hooks);
    cairn_status status = cairn_run_open(ctx, folder, &t.run);
    if (status == CAIRN_OK)
        status = cairn_run_config(&t.run, &t.config);
    if (status == CAIRN_OK)
        status = cairn_trainer_prepare(&t);
    if (status == CAIRN_OK) {
        cairn_run_log_begin(&t.run);
        warn_of_other_kernels(&t);
        status = open_checkpoints(&t);
    }
    if (status == CAIRN_OK)
        status = take_up(&t);
    if (status == CAIRN_OK)
        status = run(&t, result);
    cairn_trainer_free(&t);
    return status;
}
