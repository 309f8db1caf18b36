/* Learning-rate schedules. */
#include "train/schedule.h"
#include "base/base.h"
#include "base/real.h"
#include <math.h>
#include <string.h>

#define PLATEAU_THRESHOLD 1e-4 /* relative fall of the loss that counts as progress */

static const char *const names[] = {"constant",   "step",      "multistep", "cosine",
                                    "polynomial", "one-cycle", "plateau"};

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

static double given_or(double value, double standard)
{
    return value > 0 ? value : standard;
}

/* From `from` to `to` along half a cosine, t from 0 to 1. */
static double cosine_between(double from, double to, double t)
{
    double sine, cosine;
    cairn_real_sincos(0.5 * fmin(t, 1.0), &sine, &cosine);
    return to + (from - to) * 0.5 * (1.0 + cosine);
}

static double drops(const cairn_schedule *s, int64_t times)
{
    double factor = 1.0, gamma = given_or(s->gamma, 0.1);
    for (int64_t i = 0; i < times; i++)
        factor *= gamma;
    return s->lr * factor;
}

static int64_t milestones_passed(const cairn_schedule *s, int64_t step)
{
    int64_t passed = 0;
    for (int i = 0; i < s->milestone_count; i++)
        passed += (double)step >= s->milestones[i];
    return passed;
}

/* Of `all` steps `done` are done. The highest rate comes in the last step of the climb. */
static double one_cycle(const cairn_schedule *s, int64_t done, int64_t all)
{
    double top = given_or(s->climb, 0.3) * (double)all - 1.0, last = (double)all - 1.0, at = (double)done;
    double first = s->lr / given_or(s->climb_factor, 25.0);
    if (at <= top)
        return cosine_between(first, s->lr, at / top);
    return cosine_between(s->lr, first / given_or(s->fall_factor, 1e4), (at - top) / fmax(last - top, 1.0));
}

static double polynomial(const cairn_schedule *s, double t)
{
    double left = 1.0 - fmin(t, 1.0), power = given_or(s->power, 1.0);
    double share = left > 0 ? cairn_real_exp(power * cairn_real_log(left)) : 0.0;
    return s->lr_min + (s->lr - s->lr_min) * (power == 1.0 ? left : share);
}

static double rate(const cairn_schedule *s, const cairn_plateau *plateau, int64_t step)
{
    int64_t done = step - s->warmup_steps, all = s->steps - s->warmup_steps;
    double t = (double)done / (double)cairn_max(all, 1);
    switch (s->kind) {
    case CAIRN_SCHEDULE_CONSTANT:
        break;
    case CAIRN_SCHEDULE_STEP:
        return drops(s, s->period > 0 ? (int64_t)((double)step / s->period) : 3 * done / cairn_max(all, 1));
    case CAIRN_SCHEDULE_MULTISTEP:
        return drops(s, milestones_passed(s, step));
    case CAIRN_SCHEDULE_COSINE:
        return cosine_between(s->lr, s->lr_min, t);
    case CAIRN_SCHEDULE_POLYNOMIAL:
        return polynomial(s, t);
    case CAIRN_SCHEDULE_ONE_CYCLE:
        return all > 0 ? one_cycle(s, done, all) : s->lr;
    case CAIRN_SCHEDULE_PLATEAU:
        return drops(s, plateau->drops);
    }
    return s->lr;
}

float cairn_schedule_rate(const cairn_schedule *s, const cairn_plateau *plateau, int64_t step)
{
    if (step >= s->warmup_steps)
        return (float)rate(s, plateau, step);
    double risen = (double)(step + 1) / (double)s->warmup_steps;
    return (float)(s->lr * (s->warmup_factor + (1.0 - s->warmup_factor) * risen));
}

void cairn_plateau_begin(cairn_plateau *plateau)
{
    *plateau = (cairn_plateau){.best = INFINITY};
}

void cairn_plateau_update(cairn_plateau *plateau, double loss, int64_t patience)
{
    if (loss < plateau->best * (1.0 - PLATEAU_THRESHOLD)) {
        plateau->best = loss;
        plateau->waited = 0;
    } else if (++plateau->waited > patience) {
        plateau->drops++;
        plateau->waited = 0;
    }
}
