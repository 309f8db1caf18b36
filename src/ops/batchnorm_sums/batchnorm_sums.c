/* (x, dy, sums, squares, beta[, gamma]) to the sums of dy and of dy * (x - mean) / std over images and
 * pixels, for each channel: the gradients of beta and gamma. With act RELU dy is the gradient of relu(y), and
 * counts where y > 0; y is computed again, which costs less than to read it. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_sums/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 0; i < 2; i++)
        node->out[i] =
            (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    cairn_status status = cairn_expect_same(node, 0, 1);
    return status == CAIRN_OK ? cairn_expect_channel_vectors(node, 2) : status;
}

const cairn_op cairn_op_batchnorm_sums = {
    .name = "batchnorm_sums",
    .min_inputs = 5,
    .max_inputs = 6,
    .outputs = 2,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .flags = CAIRN_OP_BATCH_SUM,
    .kernels = kernels,
};
