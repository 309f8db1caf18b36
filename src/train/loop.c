/* The loop: steps, epochs, evaluation, and when to stop. */
#include "train/clock.h"
#include "train/evaluate.h"
#include "train/order.h"
#include "train/trainer.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define PROGRESS_INTERVAL 0.05 /* seconds */

/* ---- hooks ---- */

static bool asked_to_stop(const cairn_trainer *t)
{
    return t->hooks.stop != NULL && t->hooks.stop(t->hooks.user);
}

static double rate_of_images(const cairn_trainer *t, double seconds)
{
    return seconds > 0 ? (double)t->images / seconds : 0;
}

/* Shown at most twenty times a second, and always at the end of an epoch. */
static void show_step(cairn_trainer *t)
{
    double now = cairn_clock();
    if (t->hooks.progress == NULL || (now < t->next_progress && t->state.batch < t->steps))
        return;
    t->next_progress = now + PROGRESS_INTERVAL;
    cairn_train_progress progress = {.epoch = (int)t->state.epoch + 1,
                                     .epochs = t->config.epochs,
                                     .step = t->state.batch,
                                     .steps = t->steps,
                                     .loss = cairn_tally_loss(&t->state.tally),
                                     .top1 = cairn_tally_top1(&t->state.tally),
                                     .seconds = now - t->started,
                                     .images_per_s = rate_of_images(t, now - t->started),
                                     .waiting = cairn_loader_waited(t->loader) / (now - t->started),
                                     .params = t->params};
    t->hooks.progress(t->hooks.user, &progress);
}

static bool show_evaluation(void *user, const cairn_evaluated *batch)
{
    cairn_trainer *t = user;
    double now = cairn_clock();
    if (t->hooks.progress != NULL && now >= t->next_progress) {
        t->next_progress = now + PROGRESS_INTERVAL;
        int64_t count = t->data->count[t->evaluated];
        cairn_train_progress progress = {.epoch = (int)t->state.epoch + 1,
                                         .epochs = t->config.epochs,
                                         .step = cairn_ceil_div(batch->tally->images, cairn_trainer_part(t)),
                                         .steps = cairn_ceil_div(count, cairn_trainer_part(t)),
                                         .evaluating = true,
                                         .loss = cairn_tally_loss(batch->tally),
                                         .top1 = cairn_tally_top1(batch->tally),
                                         .seconds = now - t->started,
                                         .params = t->params};
        t->hooks.progress(t->hooks.user, &progress);
    }
    return !asked_to_stop(t);
}

/* ---- a step ---- */

#define STEPS_BETWEEN_EVENTS 10

/* For TensorBoard: every tenth step, and every epoch. */
static void write_step_events(const cairn_trainer *t, double lr)
{
    if (t->events == NULL || t->state.step % STEPS_BETWEEN_EVENTS != 0)
        return;
    cairn_events_scalar(t->events, "train/loss", t->state.step, cairn_tally_loss(&t->state.tally));
    cairn_events_scalar(t->events, "train/top1", t->state.step, cairn_tally_top1(&t->state.tally));
    cairn_events_scalar(t->events, "train/lr", t->state.step, lr);
}

static cairn_status take_step(cairn_trainer *t)
{
    cairn_state *s = &t->state;
    cairn_taken taken;
    double lr = cairn_schedule_rate(&t->schedule, &s->plateau, s->step);
    cairn_status status = cairn_trainer_step(t, lr, s->batch, &taken);
    if (status != CAIRN_OK)
        return status;
    s->step++;
    s->batch++;
    t->images += taken.tally.images;
    if (taken.finite) {
        cairn_tally_join(&s->tally, &taken.tally);
        s->bad_in_row = 0;
        write_step_events(t, lr);
        return CAIRN_OK;
    }
    s->skipped++;
    if (s->bad_in_row++ == 0)
        cairn_log(t->ctx, CAIRN_LOG_WARNING,
                  "step %" PRId64 " of epoch %" PRId64 " changed nothing: its loss or "
                  "gradients are not finite",
                  s->batch, s->epoch + 1);
    return s->bad_in_row < CAIRN_BAD_STEPS_ALLOWED ? CAIRN_OK : cairn_trainer_diverged(t, taken.last);
}

/* ---- an epoch ---- */

static cairn_status take_steps(cairn_trainer *t)
{
    cairn_state *s = &t->state;
    int64_t count = t->data->count[CAIRN_TRAIN];
    cairn_status status = cairn_trainer_size(t, s->epoch);
    if (status == CAIRN_OK)
        status = cairn_epoch_order(t->ctx, t->config.seed, (uint32_t)s->epoch, count, t->order);
    if (status == CAIRN_OK)
        status =
            cairn_loader_start(t->loader, t->order, s->batch * t->config.batch, count, (uint32_t)s->epoch);
    while (status == CAIRN_OK && s->batch < t->steps) {
        status = take_step(t);
        if (status != CAIRN_OK)
            break;
        show_step(t);
        if (asked_to_stop(t))
            status = CAIRN_INTERRUPTED;
    }
    return status;
}

static void note_epoch(const cairn_trainer *t, const cairn_epoch_metrics *m)
{
    const struct {
        const char *name;
        double value;
    } parts[] = {{"loss", m->loss},         {"top1", m->top1},         {"val_loss", m->val_loss},
                 {"val_top1", m->val_top1}, {"val_top5", m->val_top5}, {"seconds", m->seconds}};
    char line[256];
    int used = snprintf(line, sizeof line, "epoch %d/%d:", m->epoch, t->config.epochs);
    for (size_t i = 0; i < CAIRN_COUNT(parts); i++) {
        char number[CAIRN_NUMBER_BYTES];
        cairn_number_print(number, round(1e4 * parts[i].value) / 1e4);
        used += snprintf(line + used, sizeof line - (size_t)used, " %s %s", parts[i].name, number);
    }
    cairn_run_note(&t->run, line);
}

static void write_epoch_events(const cairn_trainer *t, const cairn_epoch_metrics *m)
{
    const struct {
        const char *tag;
        double value;
    } scalars[] = {{"epoch/loss", m->loss},
                   {"epoch/top1", m->top1},
                   {"epoch/lr", m->lr},
                   {"epoch/val_loss", m->val_loss},
                   {"epoch/val_top1", m->val_top1},
                   {"epoch/val_top5", m->val_top5},
                   {"epoch/images_per_s", m->images_per_s}};
    for (size_t i = 0; i < CAIRN_COUNT(scalars); i++)
        cairn_events_scalar(t->events, scalars[i].tag, m->epoch, scalars[i].value);
}

static cairn_status finish_epoch(cairn_trainer *t, const cairn_tally *evaluated, double train_seconds)
{
    cairn_state *s = &t->state;
    cairn_epoch_metrics metrics = {.epoch = (int)s->epoch + 1,
                                   .loss = cairn_tally_loss(&s->tally),
                                   .top1 = cairn_tally_top1(&s->tally),
                                   .val_loss = cairn_tally_loss(evaluated),
                                   .val_top1 = cairn_tally_top1(evaluated),
                                   .val_top5 = cairn_tally_top5(evaluated),
                                   .lr = (double)cairn_schedule_rate(&t->schedule, &s->plateau, s->step - 1),
                                   .seconds = cairn_clock() - t->started,
                                   .images_per_s = rate_of_images(t, train_seconds)};
    bool best = s->best_epoch == 0 || metrics.val_top1 > s->best_top1;
    if (best) {
        s->best_epoch = metrics.epoch;
        s->best_top1 = metrics.val_top1;
    }
    s->last_top1 = metrics.val_top1;
    cairn_plateau_update(&s->plateau, metrics.val_loss, t->config.plateau_patience);
    s->epoch++;
    s->batch = 0;
    s->tally = (cairn_tally){0};
    note_epoch(t, &metrics);
    write_epoch_events(t, &metrics);
    cairn_status status = cairn_trainer_save_epoch(t, &metrics, best);
    if (t->hooks.epoch != NULL)
        t->hooks.epoch(t->hooks.user, &metrics);
    return status;
}

static cairn_status run_epoch(cairn_trainer *t)
{
    t->started = cairn_clock();
    t->images = 0;
    cairn_status status = take_steps(t);
    if (status != CAIRN_OK)
        return status;
    double train_seconds = cairn_clock() - t->started;
    cairn_tally evaluated;
    cairn_trainer_average(t);
    cairn_plan_refresh(t->evaluation);
    status = cairn_evaluation_run(t->evaluation, t->evaluation_loader, t->data->count[t->evaluated],
                                  t->settings.classes, show_evaluation, t, &evaluated);
    return status == CAIRN_OK ? finish_epoch(t, &evaluated, train_seconds) : status;
}

/* Early stopping: a function of the state alone, so that a resumed run knows that it ended. */
static bool is_over(const cairn_trainer *t)
{
    const cairn_state *s = &t->state;
    int64_t waited = s->epoch - s->best_epoch;
    return s->epoch >= t->config.epochs ||
           (s->batch == 0 && s->best_epoch > 0 && t->config.patience > 0 && waited >= t->config.patience);
}

cairn_status cairn_trainer_run(cairn_trainer *t)
{
    cairn_status status = CAIRN_OK;
    while (status == CAIRN_OK && !is_over(t))
        status = run_epoch(t);
    if (status == CAIRN_OK && t->state.epoch < t->config.epochs)
        cairn_train_note(t->ctx, &t->hooks,
                         "stopped after epoch %" PRId64 " of %d: no better top-1 since %" PRId64,
                         t->state.epoch, t->config.epochs, t->state.best_epoch);
    if (status != CAIRN_INTERRUPTED)
        return status;
    status = cairn_trainer_save_position(t);
    return status == CAIRN_OK ? cairn_fail(t->ctx, CAIRN_INTERRUPTED,
                                           "%s: interrupted in epoch %" PRId64 " of %d; resume it to go on",
                                           t->run.path, t->state.epoch + 1, t->config.epochs)
                              : status;
}
