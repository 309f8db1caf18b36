/* The search for a learning rate: one short training whose rate grows in every step; Smith 2017. */
#include "base/real.h"
#include "train/order.h"
#include "train/trainer.h"
#include <math.h>

#define FIRST 1e-7
#define LAST 10.0
#define SMOOTHING 0.9   /* share of the mean loss that stays */
#define EXPLODED 4.0    /* times the lowest loss */
#define LEAST_STEPS 10  /* before a loss can count as exploded, or as the lowest */
#define BELOW_LOWEST 10 /* times below the rate of the lowest loss lies what is suggested */

static double rate_of(int step)
{
    double share = (double)step / (CAIRN_LR_STEPS - 1);
    return cairn_real_exp(cairn_real_log(FIRST) + share * (cairn_real_log(LAST) - cairn_real_log(FIRST)));
}

static void show(const cairn_trainer *t, int step, double loss)
{
    if (t->hooks.progress == NULL)
        return;
    cairn_train_progress progress = {.epoch = 1,
                                     .epochs = 1,
                                     .step = step + 1,
                                     .steps = CAIRN_LR_STEPS,
                                     .loss = loss,
                                     .params = t->params};
    t->hooks.progress(t->hooks.user, &progress);
}

/* The next pass, when one has ended. */
static cairn_status begin_pass(cairn_trainer *t)
{
    cairn_state *s = &t->state;
    int64_t count = t->data->count[CAIRN_TRAIN];
    s->epoch = s->step / t->steps;
    cairn_status status = cairn_epoch_order(t->ctx, t->config.seed, (uint32_t)s->epoch, count, t->order);
    return status == CAIRN_OK ? cairn_loader_start(t->loader, t->order, 0, count, (uint32_t)s->epoch)
                              : status;
}

/* The mean loss of a step at this rate; infinite when something was not finite. */
static cairn_status take_step(cairn_trainer *t, double lr, double *loss)
{
    cairn_taken taken;
    cairn_status status = t->state.step % t->steps == 0 ? begin_pass(t) : CAIRN_OK;
    if (status == CAIRN_OK)
        status = cairn_trainer_step(t, lr, t->state.step % t->steps, &taken);
    if (status != CAIRN_OK)
        return status;
    *loss = taken.finite ? cairn_tally_loss(&taken.tally) : (double)INFINITY;
    t->state.step++;
    return CAIRN_OK;
}

/* What is suggested lies below the lowest loss. Where the loss falls steepest would be nearer to the theory,
 * but with batches this small and a network that has learned nothing, slopes tell of the batches. The lowest
 * point is plain, if late: the smoothed loss lags behind. */
static cairn_status search_rates(cairn_trainer *t, cairn_lr_search *s)
{
    double mean = 0, weight = 0;
    int lowest = 0;
    for (int i = 0; i < CAIRN_LR_STEPS; i++) {
        double loss, lr = rate_of(i);
        cairn_status status = take_step(t, lr, &loss);
        if (status != CAIRN_OK)
            return status;
        if (!isfinite(loss))
            break;
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
        weight = SMOOTHING * weight + (1 - SMOOTHING);
        s->lr[i] = lr;
        s->loss[i] = loss;
        s->smoothed[i] = mean / weight;
        s->count = i + 1;
        show(t, i, s->smoothed[i]);
        lowest = s->smoothed[i] < s->smoothed[lowest] ? i : lowest;
        if (i >= LEAST_STEPS && s->smoothed[i] > EXPLODED * s->smoothed[lowest])
            break;
        if (t->hooks.stop != NULL && t->hooks.stop(t->hooks.user))
            return cairn_fail(t->ctx, CAIRN_INTERRUPTED, "interrupted in the search for a learning rate");
    }
    s->suggestion = lowest < LEAST_STEPS ? 0 : s->lr[lowest] / BELOW_LOWEST;
    return CAIRN_OK;
}

cairn_status cairn_train_find_lr(cairn_ctx *ctx, const cairn_train_settings *settings,
                                 const cairn_train_hooks *hooks, cairn_lr_search *search)
{
    cairn_trainer t = {.ctx = ctx};
    *search = (cairn_lr_search){0};
    if (hooks != NULL)
        t.hooks = *hooks;
    cairn_status status = settings->data != NULL ? cairn_config_resolve(ctx, settings, hooks, &t.config)
                                                 : cairn_fail(ctx, CAIRN_USAGE, "training needs data");
    if (status == CAIRN_OK)
        status = cairn_trainer_prepare(&t);
    if (status == CAIRN_OK)
        status = search_rates(&t, search);
    cairn_trainer_free(&t);
    return status;
}
