/* Stage 3b: parameters that are still in their file. Inference needs them once, to fold and pack them, so
 * each is read by a step like those that make other passing forms of weights: a few megabytes at a time,
 * which are still in the cache when the next step takes them. */
#include "plan/plan.h"
#include <string.h>

static const cairn_kernel read_kernel = {.name = "read", .isa = CAIRN_ISA_SCALAR};

/* Its numbers are not in memory, but it is what the plan wants. */
static bool is_unread(const cairn_plan *plan, const cairn_tensor *tensor, const cairn_buffer *buffer)
{
    const cairn_shape *shape = &buffer->type.shape;
    return tensor != NULL && tensor->data == NULL && tensor->dtype == plan->precision &&
           tensor->shape.rank == shape->rank &&
           memcmp(tensor->shape.dim, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]) == 0;
}

cairn_status cairn_plan_add_reads(cairn_plan *plan)
{
    for (int i = 0; i < plan->buffer_count && plan->source != NULL && !plan->options.training; i++) {
        cairn_buffer *b = &plan->buffers[i];
        if (b->kind != CAIRN_BUFFER_VARIABLE || plan->variables[b->source].role == CAIRN_ROLE_STATE)
            continue;
        const cairn_tensor *tensor = cairn_weights_find(plan->source, plan->variables[b->source].name);
        if (!is_unread(plan, tensor, b))
            continue;
        cairn_step step = {.op = &cairn_op_variable,
                           .kernel = &read_kernel,
                           .outputs = 1,
                           .out = {i},
                           .packed = -1,
                           .of_weights = true,
                           .unread = tensor};
        step.site.outputs = 1;
        step.site.units = (int64_t)cairn_tensor_pieces(tensor, &step.site.scratch);
        step.site.unit_flops = INT32_MAX; /* a task each */
        b->place = CAIRN_PLACE_ARENA;
        b->lasting = plan->options.keep_all;
        if (cairn_plan_add_step(plan, &step, tensor->name) < 0)
            return CAIRN_MEMORY;
    }
    return CAIRN_OK;
}

/* After the steps were run: what there is to be said about the files. */
cairn_status cairn_plan_end_reads(cairn_plan *plan, cairn_status status)
{
    int unreadable = atomic_exchange(&plan->unreadable, 0);
    if (status == CAIRN_OK && unreadable > 0)
        return cairn_fail(plan->ctx, CAIRN_INPUT,
                          "weights: tensor '%s' cannot be read: the file was changed after it was opened",
                          plan->steps[unreadable - 1].unread->name);
    for (int s = 0; s < plan->step_count && status == CAIRN_OK; s++)
        if (plan->steps[s].unread != NULL && !plan->steps[s].idle)
            cairn_tensor_read_end(plan->ctx, plan->steps[s].unread);
    return status;
}
