/* Maximum of each window. Padding never wins. */
#include "ops/check.h"
#include "ops/window.h"
#define CAIRN_KERNELS_DEF "ops/maxpool/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_window_attrs *a = &((cairn_pool_attrs *)node->attrs)->geometry;
    cairn_status status = cairn_window_resolve(node, a);
    if (status != CAIRN_OK || (status = cairn_window_expect_pixels(node, a)) != CAIRN_OK)
        return status;
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape =
        (cairn_shape){.rank = 3, .dim = {a->out_h, a->out_w, node->in[0]->shape.dim[2]}, .batched = true};
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_maxpool_bwd, cairn_grad_name(g, 0, name), g->attrs, 3,
                                (cairn_val[]){g->in[0], g->out[0], g->d_out[0]}, NULL);
}

const cairn_op cairn_op_maxpool = {
    .name = "maxpool",
    .label = "MaxPooling2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_pool_attrs),
    .infer = infer,
    .grad = grad,
    .describe = cairn_window_describe,
    .window = cairn_window_of,
    .kernels = kernels,
};
