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
    if (step->after != 0 && !input_ready(plan, plan->buffer_of[step->after], region, chain))
        return false;
    for (int k = 0; k < step->inputs; k++)
        if (!input_ready(plan, step->in[k], region, chain))
            return false;
    return true;
}

typedef enum pick { PICK_OF_WEIGHTS, PICK_CHAIN, PICK_OTHERS, PICK_UPDATES, PICK_LAST, PICKS } pick;

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
        return step->update && !step->last;
    case PICK_LAST:
        return step->last;
    case PICKS:
        break;
    }
    return false;
}

/* Forms of weights that pass, see CAIRN_PASSING_BYTES. */
static bool is_passing(const cairn_plan *plan, int buffer)
{
    return buffer >= 0 && plan->buffers[buffer].of_weights && !plan->buffers[buffer].lasting;
}

static size_t bytes_passed_on(const cairn_plan *plan, const cairn_step *step)
{
    size_t bytes = 0;
    for (int k = 0; k < step->outputs; k++)
        if (is_passing(plan, step->out[k]))
            bytes += plan->buffers[step->out[k]].image_bytes * (size_t)plan->buffers[step->out[k]].images;
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

/* Steps of one kind that are in no region yet, in their order, each with a step that it was last seen to wait
 * for: most of those that wait are told by a look at that one. */
typedef struct waiting_step {
    int step, for_step;
} waiting_step;

typedef struct waiting {
    waiting_step *steps;
    int count;
} waiting;

static cairn_status list_waiting(const cairn_plan *plan, pick what, waiting *list)
{
    list->steps = cairn_alloc(plan->ctx, (size_t)plan->step_count + 1, sizeof *list->steps);
    if (list->steps == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < plan->step_count; s++)
        if (eligible(plan, &plan->steps[s], what))
            list->steps[list->count++] = (waiting_step){s, -1};
    return CAIRN_OK;
}

static void drop_scheduled(const cairn_plan *plan, waiting *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++)
        if (plan->steps[list->steps[i].step].region == UNSCHEDULED)
            list->steps[count++] = list->steps[i];
    list->count = count;
}

/* Whether the step is known to wait, or is found to. */
static bool waits(const cairn_plan *plan, waiting_step *w, int region, bool chain)
{
    if (w->for_step >= 0 && plan->steps[w->for_step].region == UNSCHEDULED)
        return true;
    const cairn_step *step = &plan->steps[w->step];
    for (int k = 0; k < step->inputs; k++) {
        int maker = step->in[k] < 0 ? -1 : plan->buffers[step->in[k]].maker;
        if (maker >= 0 && plan->steps[maker].region == UNSCHEDULED) {
            w->for_step = maker;
            return true;
        }
    }
    return !ready(plan, step, region, chain);
}

static int64_t task_flops(const cairn_plan *plan, int s)
{
    const cairn_step *step = &plan->steps[s];
    int64_t all = cairn_in_parts(step) ? plan->options.batch : cairn_units(&step->site);
    return step->flops / cairn_max(1, cairn_ceil_div(all, step->grain));
}

/* Large tasks come first, so that small ones are left for the end, when threads wait for each other. */
static void put_large_first(const cairn_plan *plan, int *order, int count)
{
    for (int i = 1; i < count; i++) {
        int moved = order[i], to = i;
        for (; to > 0 && task_flops(plan, order[to - 1]) < task_flops(plan, moved); to--)
            order[to] = order[to - 1];
        order[to] = moved;
    }
}

/* Fills one region with all steps of a kind that are ready. */
static int fill_region(cairn_plan *plan, pick what, waiting *list, int *scheduled)
{
    int number = plan->region_count, before = *scheduled;
    bool chain = what == PICK_CHAIN, take = what == PICK_OF_WEIGHTS && something_to_take(plan);
    size_t passing = 0;
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < list->count; i++) {
            cairn_step *step = &plan->steps[list->steps[i].step];
            if (step->region != UNSCHEDULED || waits(plan, &list->steps[i], number, chain))
                continue;
            size_t bytes = what == PICK_OF_WEIGHTS ? bytes_passed_on(plan, step) : 0;
            if ((take && !takes_passing(plan, step)) ||
                (passing > 0 && passing + bytes > CAIRN_PASSING_BYTES))
                continue;
            passing += bytes;
            step->region = number;
            plan->order[(*scheduled)++] = list->steps[i].step;
            more = chain; /* what was just added may have made others ready */
        }
    }
    int count = *scheduled - before;
    if (count > 0)
        drop_scheduled(plan, list);
    if (what == PICK_OTHERS)
        put_large_first(plan, plan->order + before, count);
    if (count > 0)
        plan->regions[plan->region_count++] = (cairn_region){before, count, chain, what == PICK_OF_WEIGHTS};
    return count;
}

static int fill_regions(cairn_plan *plan, waiting lists[PICKS])
{
    int scheduled = 0;
    while (fill_region(plan, PICK_OF_WEIGHTS, &lists[PICK_OF_WEIGHTS], &scheduled) > 0)
        ;
    while (fill_region(plan, PICK_CHAIN, &lists[PICK_CHAIN], &scheduled) +
               fill_region(plan, PICK_OTHERS, &lists[PICK_OTHERS], &scheduled) >
           0)
        ;
    while (fill_region(plan, PICK_UPDATES, &lists[PICK_UPDATES], &scheduled) > 0)
        ;
    while (fill_region(plan, PICK_LAST, &lists[PICK_LAST], &scheduled) > 0)
        ;
    return scheduled;
}

cairn_status cairn_plan_schedule(cairn_plan *plan)
{
    size_t steps = (size_t)plan->step_count + 1;
    waiting lists[PICKS] = {{NULL, 0}};
    cairn_status status = CAIRN_OK;
    plan->order = cairn_alloc(plan->ctx, steps, sizeof *plan->order);
    plan->regions = cairn_alloc(plan->ctx, steps, sizeof *plan->regions);
    if (plan->order == NULL || plan->regions == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < plan->step_count; s++)
        plan->steps[s].region = UNSCHEDULED;
    for (int what = 0; what < PICKS && status == CAIRN_OK; what++)
        status = list_waiting(plan, (pick)what, &lists[what]);
    int scheduled = status == CAIRN_OK ? fill_regions(plan, lists) : 0;
    for (int what = 0; what < PICKS; what++)
        cairn_free(plan->ctx, lists[what].steps);
    if (status == CAIRN_OK && scheduled != plan->step_count)
        return cairn_fail(plan->ctx, CAIRN_FAILURE, "plan: %d steps wait for each other",
                          plan->step_count - scheduled);
    return status;
}
