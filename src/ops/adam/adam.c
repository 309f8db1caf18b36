/* Adam, Kingma and Ba 2015, and with `decoupled` AdamW, Loshchilov and Hutter 2019: (w, gradient, mean, mean
 * square, finite flag[, squares]) to w, mean and mean square, in place. In step t = 1, 2, ...:
 *     AdamW: w -= lr * weight_decay * w, else d = g + weight_decay * w
 *     m = beta1 * m + (1 - beta1) * d;  s = beta2 * s + (1 - beta2) * d^2
 *     w -= lr * m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps)
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/adam/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    return cairn_infer_update(node, 2);
}

const cairn_op cairn_op_adam = {
    .name = "adam",
    .min_inputs = 5,
    .max_inputs = 6,
    .outputs = 3,
    .attr_size = sizeof(cairn_adam_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2, 3},
};
