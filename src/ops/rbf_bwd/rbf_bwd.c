/* Gradient of the RBF layer with respect to its input: (x, codes, dy) to dx. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/rbf_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    return status != CAIRN_OK ? status : cairn_expect_image_value(node, 2, 1);
}

const cairn_op cairn_op_rbf_bwd = {
    .name = "rbf_bwd",
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
};
