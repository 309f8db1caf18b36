/* Gradient of the input of a batch normalisation by the batch: (x, dy, sums, squares, sum of dy, sum of
 * dy * xhat, beta[, gamma]) to dx = gamma / std * (dy - mean of dy - xhat * mean of dy * xhat). With act RELU
 * dy counts where y > 0, as in batchnorm_sums. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_same(node, 0, 1);
    return status == CAIRN_OK ? cairn_expect_channel_vectors(node, 2) : status;
}

const cairn_op cairn_op_batchnorm_bwd = {
    .name = "batchnorm_bwd",
    .min_inputs = 7,
    .max_inputs = 8,
    .outputs = 1,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .kernels = kernels,
};
