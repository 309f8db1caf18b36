/* Stochastic gradient descent: (w, gradient, velocity, finite flag[, squares]) to w and velocity, in place.
 *     d = g + decay * w;  v = momentum * v + (1 - dampening) * d, in the first step v = d
 *     w -= lr * (nesterov ? d + momentum * v : v)
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/sgd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    return cairn_infer_update(node, 1);
}

const cairn_op cairn_op_sgd = {
    .name = "sgd",
    .min_inputs = 4,
    .max_inputs = 5,
    .outputs = 2,
    .attr_size = sizeof(cairn_sgd_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2},
};
