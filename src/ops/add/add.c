/* act(a + b), of equal shapes. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/add/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return cairn_expect_same(node, 0, 1);
}

static void grad(cairn_grad *g)
{
    g->d_in[0] = g->d_in[1] = g->d_out[0];
}

static cairn_activation_kind *epilogue(void *attrs)
{
    return &((cairn_add_attrs *)attrs)->act;
}

const cairn_op cairn_op_add = {
    .name = "add",
    .label = "Add",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_add_attrs),
    .infer = infer,
    .grad = grad,
    .epilogue = epilogue,
    .adds = true,
    .kernels = kernels,
};
