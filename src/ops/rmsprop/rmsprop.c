/* RMSProp as TensorFlow has it, the optimiser of Inception v3 and later: (w, gradient, mean square, velocity,
 * finite flag[, squares]) to w, mean square and velocity, in place. eps lies inside the root, the rate inside
 * the velocity, and the mean square begins at `first`, which is 1 there.
 *     d = g + weight_decay * w;  s = decay * s + (1 - decay) * d^2
 *     v = momentum * v + lr * d / sqrt(s + eps);  w -= v
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/rmsprop/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    return cairn_infer_update(node, 2);
}

const cairn_op cairn_op_rmsprop = {
    .name = "rmsprop",
    .min_inputs = 5,
    .max_inputs = 6,
    .outputs = 3,
    .attr_size = sizeof(cairn_rmsprop_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2, 3},
};
