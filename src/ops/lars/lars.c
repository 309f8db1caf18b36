/* Layer-wise adaptive rate scaling, You, Gitman and Ginsburg 2017: (w, gradient, velocity, finite flag[,
 * squares]) to w and velocity, in place. Parameters without decay (biases, normalisation) are not scaled.
 *     d = (g + weight_decay * w) * trust * |w| / (|g| + weight_decay * |w| + eps)
 *     v = momentum * v + d;  w -= lr * (nesterov ? d + momentum * v : v)
 * One piece of work does a whole parameter, since its norms are needed first. Nothing changes when the flag
 * is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/lars/kernels.def"
#include "ops/kernel_list.h"

CAIRN_UPDATE_OP(lars, 1, cairn_lars_attrs)
