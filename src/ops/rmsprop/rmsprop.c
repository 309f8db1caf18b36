/* RMSProp as TensorFlow has it, the optimiser of Inception v3 and later: (w, gradient, mean square, velocity,
 * finite flag[, squares]) to w, mean square and velocity, in place. eps lies inside the root, the rate inside
 * the velocity, and the mean square begins at `first`, which is 1 there.
 *     d = g + weight_decay * w;  s = decay * s + (1 - decay) * d^2
 *     v = momentum * v + lr * d / sqrt(s + eps);  w -= v
 * Nothing changes when the flag is 0. */
#include "ops/update.h"
#define CAIRN_KERNELS_DEF "ops/rmsprop/kernels.def"
#include "ops/kernel_list.h"

CAIRN_UPDATE_OP(rmsprop, 2, cairn_rmsprop_attrs)
