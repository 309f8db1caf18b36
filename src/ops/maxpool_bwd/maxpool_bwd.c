/* Gradient of a maximum pool: (x, y, dy[, gate]) to dx. Of equal values the first, row by row, gets the
 * gradient. The plan makes a gate of x if a ReLU made that. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/maxpool_bwd/kernels.def"
#include "ops/kernel_list.h"

enum { GATE = 3 };

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_same(node, 1, 2);
    return status == CAIRN_OK && node->inputs > GATE ? cairn_expect_same(node, 0, GATE) : status;
}

const cairn_op cairn_op_maxpool_bwd = {
    .name = "maxpool_bwd",
    .min_inputs = 3,
    .max_inputs = 1 + GATE,
    .outputs = 1,
    .attr_size = sizeof(cairn_pool_attrs),
    .infer = infer,
    .gate = GATE,
    .kernels = kernels,
};
