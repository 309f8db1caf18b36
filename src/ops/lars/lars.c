/* Layer-wise adaptive rate scaling, You, Gitman and Ginsburg 2017: (w, gradient, velocity, finite flag[,
 * squares]) to w and velocity, in place. Parameters without decay (biases, normalisation) are not scaled.
 *     d = (g + weight_decay * w) * trust * |w| / (|g| + weight_decay * |w| + eps)
 *     v = momentum * v + d;  w -= lr * (nesterov ? d + momentum * v : v)
 * One piece of work does a whole parameter, since its norms are needed first. Nothing changes when the flag
 * is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/lars/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    return cairn_infer_update(node, 1);
}

const cairn_op cairn_op_lars = {
    .name = "lars",
    .min_inputs = 4,
    .max_inputs = 5,
    .outputs = 2,
    .attr_size = sizeof(cairn_lars_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2},
};
