/* Stage 4a: in training weights change from run to run, and so their packed forms are made in every run. Each
 * is made in the last region before its first use in which threads share out steps, so that it does not take
 * memory from the beginning, and is still in a cache. Packing waits for nothing, and no region is added. */
#include "plan/plan.h"
#include <string.h>

/* The first region that uses what the step packs. */
static int first_use(const cairn_plan *plan, const cairn_step *pack)
{
    int first = plan->region_count;
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        if (!step->is_pack && step->packed == pack->packed)
            first = (int)cairn_min(first, step->region);
    }
    return first;
}

static void delay_pack(cairn_plan *plan, cairn_step *pack)
{
    for (int r = first_use(plan, pack) - 1; r > pack->region; r--)
        if (!plan->regions[r].chain) {
            pack->region = r;
            break;
        }
    plan->buffers[pack->packed].lasting = false;
}

/* Brings the order of steps in line with their regions; regions that lost all of theirs are left out. */
static cairn_status sort_by_region(cairn_plan *plan)
{
    size_t bytes = (size_t)plan->step_count * sizeof *plan->order;
    int *before = cairn_alloc(plan->ctx, (size_t)plan->step_count + 1, sizeof *before);
    if (before == NULL)
        return CAIRN_MEMORY;
    memcpy(before, plan->order, bytes);
    int regions = 0, sorted = 0;
    for (int r = 0; r < plan->region_count; r++) {
        cairn_region region = plan->regions[r];
        region.first = sorted;
        for (int i = 0; i < plan->step_count; i++)
            if (plan->steps[before[i]].region == r)
                plan->order[sorted++] = before[i];
        region.count = sorted - region.first;
        for (int i = region.first; i < sorted; i++)
            plan->steps[plan->order[i]].region = regions;
        if (region.count > 0)
            plan->regions[regions++] = region;
    }
    plan->region_count = regions;
    cairn_free(plan->ctx, before);
    return CAIRN_OK;
}

cairn_status cairn_plan_delay(cairn_plan *plan)
{
    if (!plan->options.training)
        return CAIRN_OK;
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].is_pack && plan->steps[s].of_weights)
            delay_pack(plan, &plan->steps[s]);
    return sort_by_region(plan);
}
