/* Stochastic gradient descent: (w, gradient, velocity, finite flag[, squares]) to w and velocity, in place.
 *     d = g + decay * w;  v = momentum * v + (1 - dampening) * d, in the first step v = d
 *     w -= lr * (nesterov ? d + momentum * v : v)
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/sgd/kernels.def"
#include "ops/kernel_list.h"

CAIRN_UPDATE_OP(sgd, 1, cairn_sgd_attrs)
