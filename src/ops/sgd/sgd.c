/* Stochastic gradient descent: (w, gradient, velocity, finite flag) to w and velocity, in place.
 *     d = g + decay * w;  v = momentum * v + (1 - dampening) * d, in the first step v = d
 *     w -= lr * (nesterov ? d + momentum * v : v)
 * Nothing changes when the flag is 0. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/sgd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 1; i < 3; i++) {
        cairn_status status = cairn_expect_same(node, 0, i);
        if (status != CAIRN_OK)
            return status;
    }
    if (node->in[0]->shape.batched || node->in[3]->element != CAIRN_INT32)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: inputs (expected tensors and a flag)", node->name);
    node->out[0] = *node->in[0];
    node->out[1] = *node->in[2];
    return CAIRN_OK;
}

const cairn_op cairn_op_sgd = {
    .name = "sgd",
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 2,
    .attr_size = sizeof(cairn_sgd_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 2},
};
