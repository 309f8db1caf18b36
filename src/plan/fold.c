/* Stage 2a, for inference: what stands beside a convolution moves into it. Zeros around its input become its
 * own padding; a batch normalisation or a factor behind it changes its weights, once. */
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

/* The convolution that alone is seen by the step's first input; NULL if there is none. */
static cairn_step *only_conv_before(cairn_plan *plan, const cairn_step *step)
{
    uint32_t value = step->in_value[0];
    cairn_step *maker = cairn_plan_maker_of(plan, value);
    if (maker == NULL || maker->op != &cairn_op_conv2d || cairn_plan_is_port(plan, value) ||
        cairn_plan_count_uses(plan, value) != 1)
        return NULL;
    return maker;
}

static cairn_step *only_reader(cairn_plan *plan, uint32_t value)
{
    if (cairn_plan_is_port(plan, value) || cairn_plan_count_uses(plan, value) != 1)
        return NULL;
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].inputs; k++)
            if (plan->steps[s].in_value[k] == value)
                return &plan->steps[s];
    return NULL;
}

static void remove_step(cairn_step *step)
{
    step->inputs = step->outputs = 0;
}

static void absorb_padding(cairn_plan *plan, cairn_step *step)
{
    const cairn_zero_pad_attrs *pad = (const void *)step->attrs;
    cairn_step *conv = only_reader(plan, step->out_value[0]);
    if (conv == NULL || conv->op != &cairn_op_conv2d || conv->in_value[0] != step->out_value[0])
        return;
    cairn_conv2d_attrs *attrs = (void *)conv->attrs;
    cairn_window *window = &attrs->geometry.window;
    window->pad_top += pad->top;
    window->pad_bottom += pad->bottom;
    window->pad_left += pad->left;
    window->pad_right += pad->right;
    attrs->geometry.padding = CAIRN_PAD_EXPLICIT;
    attrs->geometry.in_h -= pad->top + pad->bottom;
    attrs->geometry.in_w -= pad->left + pad->right;
    conv->in_value[0] = step->in_value[0];
    conv->in_type[0] = step->in_type[0];
    remove_step(step);
}

static void set_input(cairn_step *step, int index, uint32_t value)
{
    step->in_value[index] = step->in_type[index] = value;
}

static void set_output(cairn_step *step, int index, uint32_t value)
{
    step->out_value[index] = step->out_type[index] = value;
}

/* Steps may move in memory when one is added, so they are named by number. */
static cairn_status fold_batchnorm(cairn_plan *plan, int norm, int conv)
{
    const cairn_step *from = &plan->steps[norm], *to = &plan->steps[conv];
    const cairn_batchnorm_attrs *attrs = (const void *)from->attrs;
    cairn_fold_batchnorm_attrs fold = {
        .eps = attrs->eps, .no_scale = attrs->no_scale, .has_bias = to->inputs > 2};
    cairn_step step = {.op = &cairn_op_fold_batchnorm, .outputs = 2, .packed = -1};
    memcpy(step.attrs, &fold, sizeof fold);
    set_input(&step, step.inputs++, to->in_value[1]);
    for (int k = 1; k < from->inputs; k++)
        set_input(&step, step.inputs++, from->in_value[k]);
    if (fold.has_bias)
        set_input(&step, step.inputs++, to->in_value[2]);
    cairn_value_type weight = plan->values[to->in_type[1]].type, bias = plan->values[from->in_type[1]].type;
    set_output(&step, 0, cairn_plan_add_value(plan, &weight));
    set_output(&step, 1, cairn_plan_add_value(plan, &bias));
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.240s/folded", to->name);
    if (step.out_value[0] == 0 || step.out_value[1] == 0 || cairn_plan_add_step(plan, &step, name) < 0)
        return CAIRN_MEMORY;
    cairn_step *folded = &plan->steps[conv];
    folded->inputs = 3;
    set_input(folded, 1, step.out_value[0]);
    set_input(folded, 2, step.out_value[1]);
    return CAIRN_OK;
}

/* factor * (w x + b) = (factor w) x + (factor b) */
static cairn_status fold_scale(cairn_plan *plan, int scale, int conv)
{
    for (int k = 1; k < plan->steps[conv].inputs; k++) {
        cairn_step step = {.op = &cairn_op_scale, .inputs = 1, .outputs = 1, .packed = -1};
        memcpy(step.attrs, plan->steps[scale].attrs, sizeof step.attrs);
        set_input(&step, 0, plan->steps[conv].in_value[k]);
        cairn_value_type type = plan->values[plan->steps[conv].in_type[k]].type;
        set_output(&step, 0, cairn_plan_add_value(plan, &type));
        char name[CAIRN_NAME_BYTES];
        snprintf(name, sizeof name, "%.238s/scaled_%d", plan->steps[conv].name, k);
        if (step.out_value[0] == 0 || cairn_plan_add_step(plan, &step, name) < 0)
            return CAIRN_MEMORY;
        set_input(&plan->steps[conv], k, step.out_value[0]);
    }
    return CAIRN_OK;
}

static cairn_status absorb_behind(cairn_plan *plan, int index)
{
    const cairn_step *step = &plan->steps[index];
    bool norm = step->op == &cairn_op_batchnorm;
    cairn_step *conv = norm || step->op == &cairn_op_scale ? only_conv_before(plan, step) : NULL;
    if (conv == NULL)
        return CAIRN_OK;
    int number = (int)(conv - plan->steps);
    cairn_status status = norm ? fold_batchnorm(plan, index, number) : fold_scale(plan, index, number);
    if (status != CAIRN_OK)
        return status;
    plan->steps[number].out_value[0] = plan->steps[index].out_value[0];
    plan->steps[number].out_type[0] = plan->steps[index].out_type[0];
    remove_step(&plan->steps[index]);
    return CAIRN_OK;
}

cairn_status cairn_plan_fold(cairn_plan *plan)
{
    cairn_status status = CAIRN_OK;
    int steps = plan->step_count;
    if (plan->options.keep_all || plan->options.training)
        return CAIRN_OK;
    for (int s = 0; s < steps && status == CAIRN_OK; s++) {
        if (plan->steps[s].op == &cairn_op_zero_pad)
            absorb_padding(plan, &plan->steps[s]);
        else
            status = absorb_behind(plan, s);
    }
    cairn_plan_sweep(plan);
    return status;
}
