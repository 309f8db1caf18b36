/* Stage 2: epilogues. An addition behind a step that can add, and an activation or the gradient of a ReLU
 * behind a step that can apply these, move into that step if nothing else reads its output. Gradients are
 * computed from an activation's output and need no operands of an addition, so nobody misses what is gone.
 * Sums of gradients are additions like others: the step that makes the last of them adds what is there. */
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

/* The step that makes input k of a step, which alone sees it; NULL: there is none. */
static cairn_step *maker_for(cairn_plan *plan, const cairn_step *step, int k)
{
    uint32_t input = step->in_value[k];
    if (cairn_plan_is_port(plan, input) || cairn_plan_count_uses(plan, input) != 1)
        return NULL;
    return cairn_plan_maker_of(plan, input);
}

/* The step that alone is seen by input k of an addition and can do it; NULL: there is none. */
static cairn_step *adder_before(cairn_plan *plan, cairn_step *add, int k)
{
    cairn_step *maker = maker_for(plan, add, k);
    if (maker == NULL || maker->op->addend == 0 || maker->inputs > maker->op->addend)
        return NULL;
    return takes_activation(maker, *add->op->epilogue(add->attrs)) ? maker : NULL;
}

/* Gives a step the k-th input of another as its last, behind others that may be absent. */
static void add_input(cairn_step *step, int last, const cairn_step *from, int k)
{
    for (int absent = step->inputs; absent < last; absent++)
        step->in_value[absent] = step->in_type[absent] = 0;
    step->inputs = last + 1;
    step->in_value[last] = from->in_value[k];
    step->in_type[last] = from->in_type[k];
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
    cairn_activation_kind act = *add->op->epilogue(add->attrs);
    cairn_step joined = *maker;
    add_input(&joined, joined.op->addend, add, 2 - k);
    joined.out_value[0] = add->out_value[0];
    joined.out_type[0] = add->out_type[0];
    set_activation(&joined, act);
    maker->name = add->name; /* goes with the step */
    maker->inputs = maker->outputs = 0;
    *add = joined;
}

/* The maker gives what the step behind it did, which is marked as absorbed. */
static void give_output(cairn_step *maker, cairn_step *step)
{
    maker->out_value[0] = step->out_value[0];
    maker->out_type[0] = step->out_type[0];
    step->inputs = step->outputs = 0;
}

static void absorb_activation(cairn_plan *plan, cairn_step *step)
{
    cairn_activation_kind kind = step->op->activation(step->attrs);
    cairn_step *maker = maker_for(plan, step, 0);
    if (kind == CAIRN_ACT_NONE || maker == NULL || !takes_activation(maker, kind))
        return;
    set_activation(maker, kind);
    give_output(maker, step);
}

static void absorb_gate(cairn_plan *plan, cairn_step *step)
{
    cairn_step *maker = maker_for(plan, step, 1);
    if (!step->op->gates(step->attrs) || maker == NULL || maker->op->gate == 0 ||
        maker->inputs > maker->op->gate)
        return;
    add_input(maker, maker->op->gate, step, 0);
    give_output(maker, step);
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
    for (int s = 0; s < plan->step_count; s++) {
        cairn_step *step = &plan->steps[s];
        if (step->op->activation != NULL)
            absorb_activation(plan, step);
        else if (step->op->gates != NULL)
            absorb_gate(plan, step);
    }
    cairn_plan_sweep(plan);
}
