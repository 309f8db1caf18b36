/* The same elements in another shape. */
#include "ops/attrs.h"
#include "ops/check.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_reshape_attrs *attrs = node->attrs;
    const cairn_shape *x = &node->in[0]->shape;
    node->out[0] = (cairn_value_type){attrs->shape, node->in[0]->element};
    cairn_status status = cairn_check_output(node, 0);
    if (status != CAIRN_OK)
        return status;
    if (attrs->shape.batched != x->batched || cairn_shape_elements(&attrs->shape) != cairn_shape_elements(x))
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: reshape (expected %lld elements, found %lld)",
                          node->name, (long long)cairn_shape_elements(&attrs->shape),
                          (long long)cairn_shape_elements(x));
    return CAIRN_OK;
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_reshape_attrs attrs = {cairn_shape_of(g->graph, g->in[0])};
    g->d_in[0] =
        cairn_add_node(g->graph, &cairn_op_reshape, cairn_grad_name(g, 0, name), &attrs, 1, g->d_out, NULL);
}

const cairn_op cairn_op_reshape = {
    .name = "reshape",
    .label = "Reshape",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_reshape_attrs),
    .infer = infer,
    .grad = grad,
    .flags = CAIRN_OP_VIEW,
};
