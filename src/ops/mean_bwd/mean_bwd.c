/* Gradient of the mean: d_mean / images for each image. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/mean_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = (cairn_value_type){{.rank = 0, .batched = true}, CAIRN_REAL};
    return cairn_expect_tensor(node, 0, 0, NULL);
}

const cairn_op cairn_op_mean_bwd = {
    .name = "mean_bwd",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
};
