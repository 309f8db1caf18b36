/* Running statistics: (mean, var, sums, squares, finite flag) to mean and var, in place:
 *     new = (1 - momentum) * old + momentum * batch
 * The batch's variance is n / (n - 1) times the biased one unless told otherwise. Nothing changes when the
 * flag is 0. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_update/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    int64_t c = cairn_channels(&node->in[0]->shape);
    for (int i = 0; i < 4; i++) {
        cairn_status status = cairn_expect_tensor(node, i, 1, &c);
        if (status != CAIRN_OK)
            return status;
    }
    if (node->in[4]->element != CAIRN_INT32)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: input 4 (expected a flag)", node->name);
    node->out[0] = *node->in[0];
    node->out[1] = *node->in[1];
    return CAIRN_OK;
}

const cairn_op cairn_op_batchnorm_update = {
    .name = "batchnorm_update",
    .min_inputs = 5,
    .max_inputs = 5,
    .outputs = 2,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,
    .in_place = {0, 1},
    .kernels = kernels,
};
