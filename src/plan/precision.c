/* Stage 3b, for plans in bfloat16: which activations are stored so. Steps of operators that have kernels for
 * it take and give bfloat16, others floats as before, and conversions stand between. Parameters stay floats,
 * which kernels pack as they like; sums are floats everywhere. Inputs and outputs of the plan are floats too:
 * an output is stored unrounded where its operator can do that. */
#include "base/cpu.h"
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

static bool has_kernel(const cairn_op *op, cairn_dtype precision)
{
    for (const cairn_kernel *const *k = op->kernels; k != NULL && *k != NULL; k++)
        if ((*k)->isa <= cairn_isa_level() && ((*k)->precisions & 1u << precision) != 0)
            return true;
    return false;
}

static bool is_activation(const cairn_plan *plan, uint32_t value)
{
    const cairn_value_type *type = &plan->values[value].type;
    return value != 0 && type->shape.batched &&
           (type->element == CAIRN_REAL || type->element == CAIRN_BFLOAT16);
}

static bool touches_activations(const cairn_plan *plan, const cairn_step *step)
{
    for (int k = 0; k < step->inputs; k++)
        if (is_activation(plan, step->in_value[k]))
            return true;
    for (int k = 0; k < step->outputs; k++)
        if (is_activation(plan, step->out_value[k]))
            return true;
    return false;
}

/* All views of a value have its type of elements. */
static void set_element(cairn_plan *plan, uint32_t root, cairn_element element)
{
    for (int i = 0; i < plan->value_count; i++)
        if (plan->root[i] == root)
            plan->values[i].type.element = element;
}

/* The value as the other type holds it: made by a conversion, once for all its readers. */
static uint32_t converted(cairn_plan *plan, uint32_t value, uint32_t *other)
{
    if (other[value] != 0)
        return other[value];
    cairn_value_type type = plan->values[value].type;
    type.element = type.element == CAIRN_BFLOAT16 ? CAIRN_REAL : CAIRN_BFLOAT16;
    cairn_step step = {.op = &cairn_op_convert,
                       .inputs = 1,
                       .outputs = 1,
                       .packed = -1,
                       .precision = CAIRN_BF16,
                       .in_value = {value},
                       .in_type = {value}};
    cairn_convert_attrs attrs = {type.element};
    memcpy(step.attrs, &attrs, sizeof attrs);
    step.out_value[0] = step.out_type[0] = cairn_plan_add_value(plan, &type);
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%u/converted", value);
    if (step.out_value[0] == 0 || cairn_plan_add_step(plan, &step, name) < 0)
        return 0;
    return other[value] = step.out_value[0];
}

/* A view of a converted value: the same elements in the shape that the step saw. */
static uint32_t view_of(cairn_plan *plan, uint32_t value, uint32_t seen_as)
{
    cairn_value_type type = {plan->values[seen_as].type.shape, plan->values[value].type.element};
    uint32_t view = cairn_plan_add_value(plan, &type);
    if (view != 0)
        plan->root[view] = value;
    return view;
}

static bool can_store_float(const cairn_step *step)
{
    cairn_step copy = *step;
    cairn_activation_kind *act = step->op->epilogue != NULL ? step->op->epilogue(copy.attrs) : NULL;
    return (step->op->flags & CAIRN_OP_FLOAT_OUT) != 0 && (act == NULL || *act == CAIRN_ACT_NONE);
}

/* Outputs of reduced steps become bfloat16, but for those that are read from outside: these are floats,
 * either at once or by a conversion. */
static cairn_status reduce_outputs(cairn_plan *plan, int index)
{
    for (int k = 0; k < plan->steps[index].outputs; k++) {
        uint32_t value = plan->steps[index].out_value[k];
        if (!is_activation(plan, value))
            continue;
        if (!cairn_plan_is_port(plan, value)) {
            set_element(plan, value, CAIRN_BFLOAT16);
            continue;
        }
        if (can_store_float(&plan->steps[index]))
            continue;
        cairn_value_type type = {plan->values[value].type.shape, CAIRN_BFLOAT16};
        uint32_t rounded = cairn_plan_add_value(plan, &type);
        cairn_step back = {.op = &cairn_op_convert,
                           .inputs = 1,
                           .outputs = 1,
                           .packed = -1,
                           .precision = CAIRN_BF16,
                           .in_value = {rounded},
                           .in_type = {rounded},
                           .out_value = {value},
                           .out_type = {value}};
        cairn_convert_attrs attrs = {CAIRN_REAL};
        memcpy(back.attrs, &attrs, sizeof attrs);
        char name[CAIRN_NAME_BYTES];
        snprintf(name, sizeof name, "%.240s/float", plan->steps[index].name);
        if (rounded == 0 || cairn_plan_add_step(plan, &back, name) < 0)
            return CAIRN_MEMORY;
        plan->steps[index].out_value[k] = plan->steps[index].out_type[k] = rounded;
    }
    return CAIRN_OK;
}

/* Inputs of the wrong type are read converted. */
static cairn_status convert_inputs(cairn_plan *plan, int index, uint32_t *other)
{
    bool reduced = plan->steps[index].precision == CAIRN_BF16;
    for (int k = 0; k < plan->steps[index].inputs; k++) {
        uint32_t value = plan->steps[index].in_value[k], seen_as = plan->steps[index].in_type[k];
        if (!is_activation(plan, value) || (plan->values[value].type.element == CAIRN_BFLOAT16) == reduced)
            continue;
        uint32_t new_value = converted(plan, value, other);
        uint32_t new_type = seen_as == value ? new_value : view_of(plan, new_value, seen_as);
        if (new_value == 0 || new_type == 0)
            return CAIRN_MEMORY;
        plan->steps[index].in_value[k] = new_value;
        plan->steps[index].in_type[k] = new_type;
    }
    return CAIRN_OK;
}

cairn_status cairn_plan_reduce(cairn_plan *plan)
{
    for (int s = 0; s < plan->step_count; s++)
        plan->steps[s].precision = plan->precision;
    if (plan->options.precision != CAIRN_BF16)
        return CAIRN_OK;
    cairn_status status = CAIRN_OK;
    int steps = plan->step_count;
    uint32_t *other =
        cairn_alloc(plan->ctx, (size_t)plan->value_count + (size_t)steps * CAIRN_MAX_OPERANDS, sizeof *other);
    if (other == NULL)
        return CAIRN_MEMORY;
    for (int s = 0; s < steps; s++)
        if (has_kernel(plan->steps[s].op, CAIRN_BF16) && touches_activations(plan, &plan->steps[s]))
            plan->steps[s].precision = CAIRN_BF16;
    for (int s = 0; s < steps && status == CAIRN_OK; s++)
        if (plan->steps[s].precision == CAIRN_BF16)
            status = reduce_outputs(plan, s);
    for (int s = 0; s < steps && status == CAIRN_OK; s++)
        status = convert_inputs(plan, s, other);
    cairn_free(plan->ctx, other);
    return status;
}
