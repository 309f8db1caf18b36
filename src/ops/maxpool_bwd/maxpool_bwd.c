/* Gradient of a maximum pool: (x, y, dy) to dx. Of equal values the first, row by row, gets the gradient. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/maxpool_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return cairn_expect_same(node, 1, 2);
}

const cairn_op cairn_op_maxpool_bwd = {
    .name = "maxpool_bwd",
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(cairn_pool_attrs),
    .infer = infer,
    .kernels = kernels,
};
