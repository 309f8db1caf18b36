/* Gradient of the scale of scale_bias: (x, dy) to the sum of x * dy over images and pixels, for each channel.
 */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/scale_bias_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_same(node, 0, 1);
    if (status == CAIRN_OK)
        status = cairn_expect_image_value(node, 0, -1);
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    return status;
}

const cairn_op cairn_op_scale_bias_bwd = {
    .name = "scale_bias_bwd",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_BATCH_SUM,
};
