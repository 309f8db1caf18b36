/* Gradient of the input of a batch normalisation by the batch: (x, dy, sums, squares, sum of dy, sum of
 * dy * xhat[, gamma]) to dx = gamma / std * (dy - mean of dy - xhat * mean of dy * xhat). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status expect_vectors(const cairn_infer *node, int first)
{
    int64_t c = cairn_channels(&node->in[0]->shape);
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    for (int i = first; i < node->inputs && status == CAIRN_OK; i++)
        status = cairn_expect_tensor(node, i, 1, &c);
    return status;
}

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_same(node, 0, 1);
    return status == CAIRN_OK ? expect_vectors(node, 2) : status;
}

const cairn_op cairn_op_batchnorm_bwd = {
    .name = "batchnorm_bwd",
    .min_inputs = 6,
    .max_inputs = 7,
    .outputs = 1,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .kernels = kernels,
};
