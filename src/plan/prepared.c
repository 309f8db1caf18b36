/* Stage 5a: what inference keeps of the weights. Runs read packed forms, folded biases and the like, which
 * are made once; parameters that runs read as they are get copied beside them. So the container may go once a
 * plan is prepared, and another plan for the same weights can use what is there already. */
#include "plan/plan.h"
#include <string.h>

static bool reads(const cairn_step *step, int buffer)
{
    for (int k = 0; k < step->inputs; k++)
        if (step->in[k] == buffer)
            return true;
    return false;
}

/* Is it read in every run, not only to prepare? */
static bool read_by_runs(const cairn_plan *plan, int buffer)
{
    for (int s = 0; s < plan->step_count; s++)
        if (!plan->steps[s].of_weights && !plan->steps[s].is_pack && reads(&plan->steps[s], buffer))
            return true;
    return false;
}

static void keep_variables(cairn_plan *plan)
{
    for (int i = 0; i < plan->buffer_count; i++) {
        cairn_buffer *b = &plan->buffers[i];
        if (b->kind != CAIRN_BUFFER_VARIABLE || !read_by_runs(plan, i))
            continue;
        b->place = CAIRN_PLACE_ARENA;
        b->lasting = true;
    }
}

/* ---- sharing ---- */

/* The buffer of `from` that holds what step `maker` of `plan` would write to `buffer`; -1: none. */
static int find_made(const cairn_plan *from, const cairn_plan *plan, const cairn_step *maker, int buffer)
{
    for (int s = 0; s < from->step_count; s++) {
        const cairn_step *step = &from->steps[s];
        if (step->op != maker->op || step->kernel != maker->kernel || step->is_pack != maker->is_pack ||
            strcmp(step->name, maker->name) != 0)
            continue;
        int found = step->packed;
        for (int k = 0; k < step->outputs; k++)
            if (maker->out[k] == buffer)
                found = step->out[k];
        if (found >= 0 && from->buffers[found].lasting && from->buffers[found].of_weights &&
            from->buffers[found].image_bytes == plan->buffers[buffer].image_bytes)
            return found;
    }
    return -1;
}

static int find_kept(const cairn_plan *from, const cairn_plan *plan, int buffer)
{
    const char *name = plan->variables[plan->buffers[buffer].source].name;
    for (int i = 0; i < from->buffer_count; i++) {
        const cairn_buffer *b = &from->buffers[i];
        if (b->kind == CAIRN_BUFFER_VARIABLE && b->lasting &&
            (b->place == CAIRN_PLACE_ARENA || b->shared) && /* what is bound may be gone */
            b->image_bytes == plan->buffers[buffer].image_bytes &&
            strcmp(from->variables[b->source].name, name) == 0)
            return i;
    }
    return -1;
}

static bool is_prepared(const cairn_plan *plan, int buffer)
{
    const cairn_buffer *b = &plan->buffers[buffer];
    return b->of_weights && b->lasting && b->inside < 0 && b->kind != CAIRN_BUFFER_CONSTANT;
}

/* What the other plan holds needs no maker any more. Plans keep their steps for this purpose, those that were
 * taken over from a third one included. */
static void take_over(cairn_plan *plan)
{
    const cairn_plan *from = plan->options.share;
    for (int i = 0; i < plan->buffer_count; i++) {
        cairn_buffer *b = &plan->buffers[i];
        if (!is_prepared(plan, i))
            continue;
        int found = b->kind == CAIRN_BUFFER_VARIABLE ? find_kept(from, plan, i)
                    : b->maker >= 0                  ? find_made(from, plan, &plan->steps[b->maker], i)
                                                     : -1;
        if (found < 0)
            continue;
        b->place = CAIRN_PLACE_BOUND;
        b->shared = true;
        b->bound = from->buffers[found].place == CAIRN_PLACE_BOUND
                       ? from->buffers[found].bound
                       : from->arena + from->buffers[found].offset;
    }
}

static bool still_needed(const cairn_plan *plan, int buffer)
{
    const cairn_buffer *b = &plan->buffers[buffer];
    if (b->shared)
        return false;
    if (b->lasting)
        return true;
    for (int s = 0; s < plan->step_count; s++)
        if (!plan->steps[s].idle && reads(&plan->steps[s], buffer))
            return true;
    return false;
}

/* Steps whose results are all shared, or serve only such steps, have nothing to do. */
static void idle_makers(cairn_plan *plan)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < plan->step_count; s++) {
            cairn_step *step = &plan->steps[s];
            if (!step->of_weights || step->idle)
                continue;
            bool needed = step->is_pack && still_needed(plan, step->packed);
            for (int k = 0; k < step->outputs; k++)
                needed |= still_needed(plan, step->out[k]);
            step->idle = !needed;
            changed |= step->idle;
        }
    }
}

void cairn_plan_keep_weights(cairn_plan *plan)
{
    if (plan->options.training)
        return;
    keep_variables(plan);
    if (plan->options.share == NULL)
        return;
    take_over(plan);
    idle_makers(plan);
}
