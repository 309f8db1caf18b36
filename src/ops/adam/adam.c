/* Adam, Kingma and Ba 2015, and with `decoupled` AdamW, Loshchilov and Hutter 2019: (w, gradient, mean, mean
 * square, finite flag[, squares]) to w, mean and mean square, in place. In step t = 1, 2, ...:
 *     AdamW: w -= lr * weight_decay * w, else d = g + weight_decay * w
 *     m = beta1 * m + (1 - beta1) * d;  s = beta2 * s + (1 - beta2) * d^2
 *     w -= lr * m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps)
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/adam/kernels.def"
#include "ops/kernel_list.h"

CAIRN_UPDATE_OP(adam, 2, cairn_adam_attrs)
