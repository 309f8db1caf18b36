/* Stage 3b: parameters that are still in their file. Inference needs them once, to fold and pack them, so
 * each is read by a step like those that make other passing forms of weights: a few megabytes at a time,
 * which are still in the cache when the next step takes them. */
#include "plan/plan.h"
#include <string.h>

#define MOST_READERS 4 /* they wait for the same memory */

static const cairn_kernel read_kernel = {.name = "read", .isa = CAIRN_ISA_SCALAR};

/* Its numbers are not in memory, but it is what the plan wants. */
static bool is_unread(const cairn_plan *plan, const cairn_tensor *tensor, const cairn_buffer *buffer)
{
    const cairn_shape *shape = &buffer->type.shape;
    return tensor != NULL && tensor->data == NULL && tensor->dtype == plan->precision &&
           tensor->shape.rank == shape->rank &&
           memcmp(tensor->shape.dim, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]) == 0;
}

/* The only reader of a large matrix, if it packs it by columns; NULL: there is none. */
static cairn_step *packer_of(cairn_plan *plan, const cairn_tensor *tensor, int buffer)
{
    cairn_step *found = NULL;
    int readers = 0;
    if (plan->options.keep_all || !cairn_tensor_has_columns(tensor) ||
        plan->buffers[buffer].image_bytes <= CAIRN_PASSING_BYTES)
        return NULL;
    for (int s = 0; s < plan->step_count; s++)
        for (int k = 0; k < plan->steps[s].inputs; k++)
            if (plan->steps[s].in[k] == buffer) {
                readers++;
                found = k == 1 ? &plan->steps[s] : NULL;
            }
    return readers == 1 && found != NULL && found->is_pack && found->site.pack_columns > 0 ? found : NULL;
}

/* Matrices of dense layers are the largest of all weights, and nothing needs them whole: the step that packs
 * one reads the columns of its units itself, as the file has them. It is cut into as many tasks as there is
 * room for units that are read at the same time. */
static cairn_status read_while_packing(cairn_plan *plan, cairn_step *pack, const cairn_tensor *tensor)
{
    cairn_buffer room = {.kind = CAIRN_BUFFER_VALUE,
                         .type = {{.rank = 0}, CAIRN_BYTE},
                         .maker = -1,
                         .inside = -1,
                         .images = cairn_min(plan->ctx->threads, MOST_READERS),
                         .image_bytes =
                             (size_t)(pack->site.pack_columns * tensor->shape.dim[0]) * sizeof(float)};
    pack->unread = tensor;
    pack->in[1] = -1;
    pack->outputs = 1;
    pack->grain = cairn_ceil_div(pack->site.pack_units, room.images);
    pack->out[0] = cairn_plan_add_buffer(plan, &room);
    return pack->out[0] < 0 ? CAIRN_MEMORY : CAIRN_OK;
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
        cairn_step *pack = packer_of(plan, tensor, i);
        if (pack != NULL && read_while_packing(plan, pack, tensor) != CAIRN_OK)
            return CAIRN_MEMORY;
        if (pack != NULL)
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
