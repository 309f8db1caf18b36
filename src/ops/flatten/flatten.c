/* (H, W, C) seen as (H * W * C). */
#include "ops/attrs.h"
#include "ops/check.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_shape *x = &node->in[0]->shape;
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {cairn_shape_elements(x)}, .batched = x->batched},
                                      node->in[0]->element};
    return cairn_expect_image_value(node, 0, -1);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_reshape_attrs attrs = {cairn_shape_of(g->graph, g->in[0])};
    g->d_in[0] =
        cairn_add_node(g->graph, &cairn_op_reshape, cairn_grad_name(g, 0, name), &attrs, 1, g->d_out, NULL);
}

const cairn_op cairn_op_flatten = {
    .name = "flatten",
    .label = "Flatten",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .flags = CAIRN_OP_VIEW,
};
