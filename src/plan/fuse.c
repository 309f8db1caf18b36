/* Stage 2: epilogues. An activation that alone reads the output of a step which can apply activations itself
 * moves into that step. Gradients are computed from an activation's output, so nobody misses its input. */
#include "plan/plan.h"
#include <string.h>

bool cairn_plan_is_port(const cairn_plan *plan, uint32_t root)
{
    for (int i = 0; i < plan->port_count; i++)
        if (plan->root[plan->ports[i].value.id] == root)
            return true;
    return false;
}

int cairn_plan_count_uses(const cairn_plan *plan, uint32_t root)
{
    int uses = 0;
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].inputs; k++)
            uses += plan->steps[s].in_value[k] == root;
    return uses;
}

cairn_step *cairn_plan_maker_of(cairn_plan *plan, uint32_t root)
{
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].outputs; k++)
            if (plan->steps[s].out_value[k] == root)
                return &plan->steps[s];
    return NULL;
}

static bool absorb(cairn_plan *plan, const cairn_step *step)
{
    if (step->op->activation == NULL)
        return false;
    cairn_activation_kind kind = step->op->activation(step->attrs);
    uint32_t input = step->in_value[0];
    cairn_step *maker = cairn_plan_maker_of(plan, input);
    if (kind == CAIRN_ACT_NONE || maker == NULL || maker->op->epilogue == NULL ||
        cairn_plan_is_port(plan, input) || cairn_plan_count_uses(plan, input) != 1)
        return false;
    cairn_activation_kind *slot = maker->op->epilogue(maker->attrs);
    if (slot == NULL || *slot != CAIRN_ACT_NONE)
        return false;
    *slot = kind;
    maker->out_value[0] = step->out_value[0];
    return true;
}

void cairn_plan_sweep(cairn_plan *plan)
{
    int kept = 0;
    for (int s = 0; s < plan->step_count; s++) {
        if (plan->steps[s].outputs == 0)
            cairn_free(plan->ctx, plan->steps[s].name);
        else
            plan->steps[kept++] = plan->steps[s];
    }
    plan->step_count = kept;
}

/* Absorbed steps are marked by having no outputs, and swept out at the end. */
void cairn_plan_fuse(cairn_plan *plan)
{
    if (plan->options.keep_all)
        return;
    for (int s = 0; s < plan->step_count; s++)
        if (absorb(plan, &plan->steps[s]))
            plan->steps[s].inputs = plan->steps[s].outputs = 0;
    cairn_plan_sweep(plan);
}
