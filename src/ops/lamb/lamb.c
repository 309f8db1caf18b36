/* LAMB, You et al. 2020: Adam whose step is scaled for each parameter: (w, gradient, mean, mean square,
 * finite flag[, squares]) to w, mean and mean square, in place. Parameters without decay are not scaled.
 *     m, s as in Adam;  u = m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps) + weight_decay * w
 *     w -= lr * |w| / |u| * u
 * One piece of work does a whole parameter, since its norms are needed first. Nothing changes when the flag
 * is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/lamb/kernels.def"
#include "ops/kernel_list.h"

CAIRN_UPDATE_OP(lamb, 2, cairn_adam_attrs)
