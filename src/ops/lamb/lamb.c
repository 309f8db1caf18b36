/* LAMB, You et al. 2020: Adam whose step is scaled for each parameter: (w, gradient, mean, mean square,
 * finite flag[, squares]) to w, mean and mean square, in place. Parameters without decay are not scaled. m, s
 * as in Adam;  u = m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps) + weight_decay * w w -= lr * |w| / |u|
 * * u One piece of work does a whole parameter, since its norms are needed first. Nothing changes when the
 * flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/lamb/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    return cairn_infer_update(node, 2);
}

const cairn_op cairn_op_lamb = {
    .name = "lamb",
    .min_inputs = 5,
    .max_inputs = 6,
    .outputs = 3,
    .attr_size = sizeof(cairn_adam_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2, 3},
};
