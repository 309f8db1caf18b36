/* Stage 4: order. Threads meet only between regions. A region is either a chain, whose tasks are chunks of
 * images that one thread takes through all its steps, or a set of steps that do not need each other, each
 * divided into tasks. Updates come last. */
#include "plan/plan.h"

#define UNSCHEDULED (-1)

/* A chain may use what it makes itself, but only image by image. */
static bool input_ready(const cairn_plan *plan, int buffer, int region, bool chain)
{
    if (buffer < 0 || plan->buffers[buffer].maker < 0)
        return true;
    int made_in = plan->steps[plan->buffers[buffer].maker].region;
    if (made_in == UNSCHEDULED)
        return false;
    if (made_in < region)
        return true;
    return chain && plan->buffers[buffer].type.shape.batched &&
           plan->buffers[buffer].kind != CAIRN_BUFFER_PARTS;
}

static bool ready(const cairn_plan *plan, const cairn_step *step, int region, bool chain)
{
    if (!step->is_pack && step->packed >= 0 && !input_ready(plan, step->packed, region, chain))
        return false;
    for (int k = 0; k < step->inputs; k++)
        if (!input_ready(plan, step->in[k], region, chain))
            return false;
    return true;
}

typedef enum pick { PICK_OF_WEIGHTS, PICK_CHAIN, PICK_OTHERS, PICK_UPDATES } pick;

static bool eligible(const cairn_plan *plan, const cairn_step *step, pick what)
{
    bool chained = plan->chains && step->site.per_image && !step->is_pack;
    switch (what) {
    case PICK_OF_WEIGHTS:
        return step->of_weights;
    case PICK_CHAIN:
        return !step->of_weights && !step->update && chained;
    case PICK_OTHERS:
        return !step->of_weights && !step->update && !chained;
    case PICK_UPDATES:
        return step->update;
    }
    return false;
}

/* Between the stored and the packed form of weights lie others, folded or masked. They are made a few
 * megabytes at a time and used in the next region, so that they are read from the cache and one piece of
 * memory serves all layers. */
#define PASSING_BYTES ((size_t)4 << 20)

static bool is_passing(const cairn_plan *plan, int buffer)
{
    return buffer >= 0 && plan->buffers[buffer].of_weights && !plan->buffers[buffer].lasting;
}

static size_t bytes_passed_on(const cairn_plan *plan, const cairn_step *step)
{
    size_t bytes = 0;
    for (int k = 0; k < step->outputs; k++)
        if (is_passing(plan, step->out[k]))
            bytes += plan->buffers[step->out[k]].image_bytes;
    return bytes;
}

static bool takes_passing(const cairn_plan *plan, const cairn_step *step)
{
    for (int k = 0; k < step->inputs; k++)
        if (is_passing(plan, step->in[k]))
            return true;
    return false;
}

/* Is there a step that waits for no more than to use up what passes? */
static bool something_to_take(const cairn_plan *plan)
{
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].region == UNSCHEDULED && plan->steps[s].of_weights &&
            takes_passing(plan, &plan->steps[s]) && ready(plan, &plan->steps[s], plan->region_count, false))
            return true;
    return false;
}

/* Fills one region with all eligible steps that are ready. */
static int fill_region(cairn_plan *plan, pick what, int *scheduled)
{
    int number = plan->region_count, before = *scheduled;
    bool chain = what == PICK_CHAIN, take = what == PICK_OF_WEIGHTS && something_to_take(plan);
    size_t passing = 0;
    for (bool more = true; more;) {
        more = false;
        for (int s = 0; s < plan->step_count; s++) {
            cairn_step *step = &plan->steps[s];
            if (step->region != UNSCHEDULED || !eligible(plan, step, what) ||
                !ready(plan, step, number, chain))
                continue;
            size_t bytes = what == PICK_OF_WEIGHTS ? bytes_passed_on(plan, step) : 0;
            if ((take && !takes_passing(plan, step)) || (passing > 0 && passing + bytes > PASSING_BYTES))
                continue;
            passing += bytes;
            step->region = number;
            plan->order[(*scheduled)++] = s;
            more = chain; /* what was just added may have made others ready */
        }
    }
    int count = *scheduled - before;
    if (count > 0)
        plan->regions[plan->region_count++] = (cairn_region){before, count, chain, what == PICK_OF_WEIGHTS};
    return count;
}

cairn_status cairn_plan_schedule(cairn_plan *plan)
{
    size_t steps = (size_t)plan->step_count + 1;
    plan->order = cairn_alloc(plan->ctx, steps, sizeof *plan->order);
    plan->regions = cairn_alloc(plan->ctx, steps, sizeof *plan->regions);
    if (plan->order == NULL || plan->regions == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < plan->step_count; s++)
        plan->steps[s].region = UNSCHEDULED;
    int scheduled = 0;
    while (fill_region(plan, PICK_OF_WEIGHTS, &scheduled) > 0)
        ;
    while (fill_region(plan, PICK_CHAIN, &scheduled) + fill_region(plan, PICK_OTHERS, &scheduled) > 0)
        ;
    while (fill_region(plan, PICK_UPDATES, &scheduled) > 0)
        ;
    if (scheduled != plan->step_count)
        return cairn_fail(plan->ctx, CAIRN_FAILURE, "plan: %d steps wait for each other",
                          plan->step_count - scheduled);
    return CAIRN_OK;
}
