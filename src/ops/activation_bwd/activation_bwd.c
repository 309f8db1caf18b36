/* Gradient of an activation from its output: (y, dy) to dx. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/activation_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[1];
    return cairn_expect_same(node, 0, 1);
}

static bool gates(const void *attrs)
{
    return ((const cairn_activation_attrs *)attrs)->kind == CAIRN_ACT_RELU;
}

const cairn_op cairn_op_activation_bwd = {
    .name = "activation_bwd",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_activation_attrs),
    .infer = infer,
    .gates = gates,
    .kernels = kernels,
};
