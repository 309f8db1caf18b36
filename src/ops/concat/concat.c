/* Pictures side by side in the channels: (H, W, C1), (H, W, C2) ... to (H, W, C1 + C2 + ...). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/concat/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_shape *first = &node->in[0]->shape;
    int64_t channels = 0;
    for (int i = 0; i < node->inputs; i++) {
        const cairn_shape *x = &node->in[i]->shape;
        cairn_status status = cairn_expect_image_value(node, i, 3);
        if (status != CAIRN_OK)
            return status;
        if (x->dim[0] != first->dim[0] || x->dim[1] != first->dim[1])
            return cairn_fail(node->ctx, CAIRN_INPUT,
                              "%s: input %d (expected %lldx%lld pixels, found %lldx%lld)", node->name, i,
                              (long long)first->dim[0], (long long)first->dim[1], (long long)x->dim[0],
                              (long long)x->dim[1]);
        channels += x->dim[2];
    }
    node->out[0] = *node->in[0];
    node->out[0].shape.dim[2] = channels;
    return cairn_check_output(node, 0);
}

/* The gradient of a part is its range of the whole's. */
static void grad(cairn_grad *g)
{
    cairn_slice_attrs attrs = {0, 0};
    for (int i = 0; i < g->inputs; i++) {
        char name[CAIRN_GRAD_NAME_BYTES];
        attrs.count = (int32_t)cairn_shape_of(g->graph, g->in[i]).dim[2];
        if (g->wanted[i])
            g->d_in[i] = cairn_add_node(g->graph, &cairn_op_slice, cairn_grad_name(g, i, name), &attrs, 1,
                                        g->d_out, NULL);
        attrs.first += attrs.count;
    }
}

const cairn_op cairn_op_concat = {
    .name = "concat",
    .label = "Concatenate",
    .min_inputs = 1,
    .max_inputs = CAIRN_MAX_INPUTS,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
};
