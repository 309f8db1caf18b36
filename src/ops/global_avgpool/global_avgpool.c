/* Mean over all pixels: (H, W, C) to (C). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/global_avgpool/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_shape *x = &node->in[0]->shape;
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {cairn_channels(x)}, .batched = true}, CAIRN_REAL};
    return cairn_expect_image_value(node, 0, 3);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_reshape_attrs attrs = {cairn_shape_of(g->graph, g->in[0])};
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_global_avgpool_bwd, cairn_grad_name(g, 0, name), &attrs,
                                1, g->d_out, NULL);
}

const cairn_op cairn_op_global_avgpool = {
    .name = "global_avgpool",
    .label = "GlobalAveragePooling2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
};
