/* Learning-rate schedules. */
#include "train/schedule.h"
#include "base/base.h"
#include "base/real.h"
#include <math.h>
#include <string.h>

#define DROP 0.1
#define PLATEAU_PATIENCE 2     /* epochs without progress that are forgiven */
#define PLATEAU_THRESHOLD 1e-4 /* relative fall of the loss that counts as progress */

static const char *const names[] = {"constant", "step", "cosine", "plateau"};

bool cairn_schedule_parse(const char *name, cairn_schedule_kind *kind)
{
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *kind = (cairn_schedule_kind)i;
        return true;
    }
    return false;
}

const char *cairn_schedule_name(cairn_schedule_kind kind)
{
    return names[kind];
}

/* (1 + cos(pi t)) / 2. */
static double half_cosine(double t)
{
    double sine, cosine;
    cairn_real_sincos(0.5 * t, &sine, &cosine);
    return 0.5 * (1.0 + cosine);
}

static double drop(int64_t times)
{
    double factor = 1.0;
    for (int64_t i = 0; i < times; i++)
        factor *= DROP;
    return factor;
}

float cairn_schedule_rate(const cairn_schedule *schedule, const cairn_plateau *plateau, int64_t step)
{
    if (step < schedule->warmup_steps)
        return (float)(schedule->lr * (double)(step + 1) / (double)schedule->warmup_steps);
    int64_t done = step - schedule->warmup_steps, all = schedule->steps - schedule->warmup_steps;
    switch (schedule->kind) {
    case CAIRN_SCHEDULE_CONSTANT:
        break;
    case CAIRN_SCHEDULE_STEP:
        return (float)(schedule->lr * drop(3 * done / cairn_max(all, 1)));
    case CAIRN_SCHEDULE_COSINE:
        return (float)(schedule->lr * half_cosine((double)done / (double)cairn_max(all, 1)));
    case CAIRN_SCHEDULE_PLATEAU:
        return (float)(schedule->lr * drop(plateau->drops));
    }
    return (float)schedule->lr;
}

void cairn_plateau_begin(cairn_plateau *plateau)
{
    *plateau = (cairn_plateau){.best = INFINITY};
}

void cairn_plateau_update(cairn_plateau *plateau, double loss)
{
    if (loss < plateau->best * (1.0 - PLATEAU_THRESHOLD)) {
        plateau->best = loss;
        plateau->waited = 0;
    } else if (++plateau->waited > PLATEAU_PATIENCE) {
        plateau->drops++;
        plateau->waited = 0;
    }
}
