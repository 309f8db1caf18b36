/* Stage 2b, with options.recompute: activations that only the way back reads are dropped and made again from
 * others that are kept (Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost). The way forward is
 * cut into segments. What lives across a cut is kept, and so is whatever is not per image, as statistics are;
 * the steps that make the rest of a segment are repeated just before its way back. Kernels, and so bits, are
 * the same as without. The last segment is not repeated: its way back follows at once. */
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

#define NOT_MADE (-1)
#define LIMITS_TRIED 32

/* A value on the way forward. */
typedef struct life {
    int64_t bytes;  /* in elements of one image; 0: it is kept in any case */
    int made, last; /* steps: its maker, its last reader on the way forward */
    bool behind;    /* the way back reads it */
} life;

typedef struct segments {
    cairn_plan *plan;
    int forward;     /* steps of the way forward */
    life *lives;     /* by value */
    int64_t *saved;  /* by step: elements that it makes for the way back */
    int64_t *across; /* by step: elements that live on after it */
    int *end;        /* by segment: its last step */
    int count;
    uint32_t *again; /* by value: the value that it is made again as; 0: it is not */
    int *before;     /* by added step: the step that it comes before */
    int values, added;
} segments;

/* ---- lives ---- */

static bool is_dropped_at_all(const cairn_plan *plan, uint32_t value)
{
    return plan->values[value].type.shape.batched && !cairn_plan_is_port(plan, value);
}

static void read_lives(segments *g)
{
    const cairn_plan *plan = g->plan;
    for (int v = 0; v < g->values; v++)
        g->lives[v] = (life){.made = NOT_MADE, .last = NOT_MADE};
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->inputs; k++) {
            life *l = &g->lives[step->in_value[k]];
            if (s < g->forward)
                l->last = s;
            else
                l->behind = true;
        }
        for (int k = 0; k < step->outputs && s < g->forward; k++) {
            life *l = &g->lives[step->out_value[k]];
            l->made = l->last = s;
            if (is_dropped_at_all(plan, step->out_value[k]))
                l->bytes = cairn_shape_elements(&plan->values[step->out_value[k]].type.shape);
        }
    }
    for (int v = 1; v < g->values; v++) {
        const life *l = &g->lives[v];
        if (l->bytes > 0 && l->behind)
            g->saved[l->made] += l->bytes;
        for (int s = l->made; l->bytes > 0 && s < l->last; s++)
            g->across[s] += l->bytes;
    }
}

/* ---- cuts ---- */

/* Segments as long as what they save stays within the limit, each ending where least lives on, but not in its
 * first half. */
static void cut(segments *g, int64_t limit)
{
    g->count = 0;
    for (int begin = 0; begin < g->forward;) {
        int64_t sum = 0, least = INT64_MAX;
        int best = begin, s = begin;
        for (; s < g->forward; s++) {
            sum += g->saved[s];
            if (sum > limit && s > begin)
                break;
            if (2 * sum >= limit && g->across[s] <= least) {
                least = g->across[s];
                best = s;
            }
        }
        g->end[g->count++] = s == g->forward ? s - 1 : best;
        begin = g->end[g->count - 1] + 1;
    }
}

static int segment_of(const segments *g, int step)
{
    int k = 0;
    while (g->end[k] < step)
        k++;
    return k;
}

static bool is_kept(const segments *g, const life *l)
{
    return l->bytes == 0 || l->made == NOT_MADE || l->last > g->end[segment_of(g, l->made)];
}

/* What all segments keep, and the most that one of them saves. */
static int64_t cost(const segments *g, int64_t *of_segment)
{
    int64_t kept = 0, most = 0;
    memset(of_segment, 0, (size_t)g->count * sizeof *of_segment);
    for (int v = 1; v < g->values; v++) {
        const life *l = &g->lives[v];
        if (l->bytes > 0 && is_kept(g, l))
            kept += l->bytes;
        else if (l->bytes > 0 && l->behind)
            of_segment[segment_of(g, l->made)] += l->bytes;
    }
    for (int k = 0; k < g->count; k++)
        most = cairn_max(most, of_segment[k]);
    return kept + most;
}

static cairn_status choose_cuts(segments *g)
{
    int64_t all = 0, least = INT64_MAX, best = 1;
    int64_t *of_segment = cairn_alloc(g->plan->ctx, (size_t)g->forward + 1, sizeof *of_segment);
    if (of_segment == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < g->forward; s++)
        all += g->saved[s];
    for (int i = 1; i <= LIMITS_TRIED; i++) {
        int64_t limit = cairn_max(1, all / i);
        cut(g, limit);
        int64_t found = cost(g, of_segment);
        if (found < least) {
            least = found;
            best = limit;
        }
    }
    cut(g, best);
    cairn_free(g->plan->ctx, of_segment);
    return CAIRN_OK;
}

/* ---- steps that are repeated ---- */

/* Marks the steps of a segment that make what its way back reads and nobody keeps. */
static bool mark_needed(const segments *g, int first, int last, bool *needed, bool *wanted)
{
    const cairn_plan *plan = g->plan;
    bool any = false;
    for (int s = last; s >= first; s--) {
        const cairn_step *step = &plan->steps[s];
        needed[s] = false;
        for (int k = 0; k < step->outputs; k++) {
            const life *l = &g->lives[step->out_value[k]];
            needed[s] |= !is_kept(g, l) && (l->behind || wanted[step->out_value[k]]);
        }
        any |= needed[s];
        for (int k = 0; k < step->inputs && needed[s]; k++)
            wanted[step->in_value[k]] = true;
    }
    return any;
}

/* The first step of the way back that reads what the segment makes. */
static int first_reader(const segments *g, int first, int last)
{
    const cairn_plan *plan = g->plan;
    int end = plan->step_count - g->added;
    for (int s = g->forward; s < end; s++)
        for (int k = 0; k < plan->steps[s].inputs; k++) {
            const life *l = &g->lives[plan->steps[s].in_value[k]];
            if (l->made >= first && l->made <= last && !is_kept(g, l))
                return s;
        }
    return end;
}

/* The input of a step that the way back makes, or 0. */
static uint32_t arriving_at(const segments *g, int reader)
{
    const cairn_step *step = &g->plan->steps[reader];
    for (int k = 0; k < step->inputs; k++) {
        const cairn_step *maker = cairn_plan_maker_of(g->plan, step->in_value[k]);
        if (maker != NULL && maker - g->plan->steps >= g->forward)
            return step->in_value[k];
    }
    return 0;
}

static cairn_status repeat(segments *g, int s, int reader, uint32_t after)
{
    cairn_plan *plan = g->plan;
    cairn_step step = plan->steps[s];
    step.repeated = true;
    step.after = after;
    for (int k = 0; k < step.inputs; k++)
        if (g->again[step.in_value[k]] != 0)
            step.in_value[k] = g->again[step.in_value[k]];
    for (int k = 0; k < step.outputs; k++) {
        cairn_value_type type = plan->values[step.out_value[k]].type;
        uint32_t value = cairn_plan_add_value(plan, &type);
        if (value == 0)
            return CAIRN_MEMORY;
        g->again[step.out_value[k]] = value;
        step.out_value[k] = value;
    }
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.240s/again", step.name);
    if (cairn_plan_add_step(plan, &step, name) < 0)
        return CAIRN_MEMORY;
    g->before[g->added++] = reader;
    return CAIRN_OK;
}

static cairn_status repeat_segment(segments *g, int k, bool *needed, bool *wanted)
{
    int first = k == 0 ? 0 : g->end[k - 1] + 1, last = g->end[k];
    if (!mark_needed(g, first, last, needed, wanted))
        return CAIRN_OK;
    int reader = first_reader(g, first, last);
    uint32_t after = reader < g->plan->step_count - g->added ? arriving_at(g, reader) : 0;
    cairn_status status = CAIRN_OK;
    for (int s = first; s <= last && status == CAIRN_OK; s++)
        if (needed[s])
            status = repeat(g, s, reader, after);
    return status;
}

/* The way back reads what was made again; added steps move to where they are needed, so that makers stand
 * before readers. */
static cairn_status put_in_place(segments *g)
{
    cairn_plan *plan = g->plan;
    int old = plan->step_count - g->added, count = 0;
    cairn_step *steps = cairn_alloc(plan->ctx, (size_t)plan->step_count, sizeof *steps);
    if (steps == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < old; s++) {
        cairn_step *step = &plan->steps[s];
        for (int k = 0; k < step->inputs && s >= g->forward; k++)
            if (g->again[step->in_value[k]] != 0)
                step->in_value[k] = g->again[step->in_value[k]];
        for (int i = 0; i < g->added; i++)
            if (g->before[i] == s)
                steps[count++] = plan->steps[old + i];
        steps[count++] = *step;
    }
    memcpy(plan->steps, steps, (size_t)count * sizeof *steps);
    cairn_free(plan->ctx, steps);
    return CAIRN_OK;
}

static cairn_status repeat_all(segments *g)
{
    cairn_plan *plan = g->plan;
    bool *needed = cairn_alloc(plan->ctx, (size_t)g->forward + 1, sizeof *needed);
    bool *wanted = cairn_alloc(plan->ctx, (size_t)g->values + 1, sizeof *wanted);
    cairn_status status = needed == NULL || wanted == NULL ? CAIRN_MEMORY : choose_cuts(g);
    for (int k = g->count - 2; k >= 0 && status == CAIRN_OK; k--)
        status = repeat_segment(g, k, needed, wanted);
    cairn_free(plan->ctx, needed);
    cairn_free(plan->ctx, wanted);
    return status == CAIRN_OK ? put_in_place(g) : status;
}

cairn_status cairn_plan_recompute(cairn_plan *plan)
{
    segments g = {.plan = plan, .values = plan->value_count};
    while (g.forward < plan->step_count && !plan->steps[g.forward].backward)
        g.forward++;
    if (!plan->options.recompute || plan->options.keep_all || g.forward == plan->step_count)
        return CAIRN_OK;
    size_t steps = (size_t)g.forward + 1, values = (size_t)g.values;
    g.lives = cairn_alloc(plan->ctx, values, sizeof *g.lives);
    g.again = cairn_alloc(plan->ctx, values, sizeof *g.again);
    g.saved = cairn_alloc(plan->ctx, steps, sizeof *g.saved);
    g.across = cairn_alloc(plan->ctx, steps, sizeof *g.across);
    g.end = cairn_alloc(plan->ctx, steps, sizeof *g.end);
    g.before = cairn_alloc(plan->ctx, steps, sizeof *g.before);
    cairn_status status = CAIRN_MEMORY;
    if (g.lives != NULL && g.again != NULL && g.saved != NULL && g.across != NULL && g.end != NULL &&
        g.before != NULL) {
        read_lives(&g);
        status = repeat_all(&g);
    }
    void *const blocks[] = {g.lives, g.again, g.saved, g.across, g.end, g.before};
    for (size_t i = 0; i < CAIRN_COUNT(blocks); i++)
        cairn_free(plan->ctx, blocks[i]);
    return status;
}
