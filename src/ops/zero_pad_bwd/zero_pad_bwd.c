/* Gradient of zero padding: the middle of the picture. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/zero_pad_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_zero_pad_attrs *pad = node->attrs;
    node->out[0] = *node->in[0];
    node->out[0].shape.dim[0] -= pad->top + pad->bottom;
    node->out[0].shape.dim[1] -= pad->left + pad->right;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    return status == CAIRN_OK ? cairn_check_output(node, 0) : status;
}

const cairn_op cairn_op_zero_pad_bwd = {
    .name = "zero_pad_bwd",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_zero_pad_attrs),
    .infer = infer,
    .kernels = kernels,
};
