/* a * b element by element, of equal shapes. A connection table multiplies a convolution's weights. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/multiply/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return cairn_expect_same(node, 0, 1);
}

static void grad(cairn_grad *g)
{
    for (int i = 0; i < 2; i++)
        if (g->wanted[i]) {
            char name[CAIRN_GRAD_NAME_BYTES];
            cairn_val in[2] = {g->d_out[0], g->in[1 - i]};
            g->d_in[i] =
                cairn_add_node(g->graph, &cairn_op_multiply, cairn_grad_name(g, i, name), NULL, 2, in, NULL);
        }
}

const cairn_op cairn_op_multiply = {
    .name = "multiply",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
};
