/* Stage 2: epilogues. An addition behind a step that can add, and an activation behind a step that can apply
 * activations, move into that step if nothing else reads its output. Gradients are computed from an
 * activation's output and need no operands of an addition, so nobody misses what is gone. Sums of gradients
 * are additions like others: the step that makes the last of them adds what is there. */
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

/* Can an activation be put, or an addition with one, behind what the step does? */
static bool takes_activation(cairn_step *step, cairn_activation_kind kind)
{
    cairn_activation_kind *slot = step->op->epilogue != NULL ? step->op->epilogue(step->attrs) : NULL;
    return slot != NULL ? *slot == CAIRN_ACT_NONE : kind == CAIRN_ACT_NONE;
}

static void set_activation(cairn_step *step, cairn_activation_kind kind)
{
    if (step->op->epilogue != NULL)
        *step->op->epilogue(step->attrs) = kind;
}

/* The step that alone is seen by input k of an addition and can do it; NULL: there is none. */
static cairn_step *adder_before(cairn_plan *plan, cairn_step *add, int k)
{
    uint32_t input = add->in_value[k];
    cairn_step *maker = cairn_plan_maker_of(plan, input);
    if (maker == NULL || maker->op->addend == 0 || maker->inputs > maker->op->addend ||
        cairn_plan_is_port(plan, input) || cairn_plan_count_uses(plan, input) != 1)
        return NULL;
    return takes_activation(maker, *add->op->epilogue(add->attrs)) ? maker : NULL;
}

/* The maker takes the place of the addition, since its other operand may be made later than the maker stood.
 */
static void absorb_add(cairn_plan *plan, cairn_step *add)
{
    int k = 0;
    cairn_step *maker = NULL;
    for (; k < 2 && maker == NULL; k++)
        maker = adder_before(plan, add, k);
    if (maker == NULL)
        return;
    uint32_t other = add->in_value[2 - k], other_type = add->in_type[2 - k];
    cairn_activation_kind act = *add->op->epilogue(add->attrs);
    cairn_step joined = *maker;
    for (int absent = joined.inputs; absent < joined.op->addend; absent++)
        joined.in_value[absent] = joined.in_type[absent] = 0;
    joined.inputs = joined.op->addend + 1;
    joined.in_value[joined.op->addend] = other;
    joined.in_type[joined.op->addend] = other_type;
    joined.out_value[0] = add->out_value[0];
    joined.out_type[0] = add->out_type[0];
    set_activation(&joined, act);
    maker->name = add->name; /* goes with the step */
    maker->inputs = maker->outputs = 0;
    *add = joined;
}

static bool absorb(cairn_plan *plan, const cairn_step *step)
{
    if (step->op->activation == NULL)
        return false;
    cairn_activation_kind kind = step->op->activation(step->attrs);
    uint32_t input = step->in_value[0];
    cairn_step *maker = cairn_plan_maker_of(plan, input);
    if (kind == CAIRN_ACT_NONE || maker == NULL || cairn_plan_is_port(plan, input) ||
        cairn_plan_count_uses(plan, input) != 1 || !takes_activation(maker, kind))
        return false;
    set_activation(maker, kind);
    maker->out_value[0] = step->out_value[0];
    maker->out_type[0] = step->out_type[0];
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
        if (plan->steps[s].op->adds)
            absorb_add(plan, &plan->steps[s]);
    cairn_plan_sweep(plan);
    for (int s = 0; s < plan->step_count; s++)
        if (absorb(plan, &plan->steps[s]))
            plan->steps[s].inputs = plan->steps[s].outputs = 0;
    cairn_plan_sweep(plan);
}
