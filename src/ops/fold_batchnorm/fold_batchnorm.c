/* Weights of a convolution with the batch normalisation behind it folded in, for inference:
 *     f[o] = gamma[o] / sqrt(var[o] + eps),  w' = w * f,  b' = beta + (bias - mean) * f
 * (w, beta, mean, var[, gamma][, bias]) to (w', b'). Added by the plan; runs once. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/fold_batchnorm/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_tensor(node, 0, 4, (const int64_t[]){-1, -1, -1, -1});
    int64_t out = cairn_channels(&node->in[0]->shape);
    for (int i = 1; i < node->inputs && status == CAIRN_OK; i++)
        status = cairn_expect_tensor(node, i, 1, &out);
    node->out[0] = *node->in[0];
    node->out[1] = *node->in[1];
    return status;
}

const cairn_op cairn_op_fold_batchnorm = {
    .name = "fold_batchnorm",
    .min_inputs = 4,
    .max_inputs = 6,
    .outputs = 2,
    .attr_size = sizeof(cairn_fold_batchnorm_attrs),
    .infer = infer,
    .kernels = kernels,
};
