/* Sum over images and pixels for each channel: the gradient of a bias. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/channel_sum/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    return cairn_expect_image_value(node, 0, -1);
}

const cairn_op cairn_op_channel_sum = {
    .name = "channel_sum",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_BATCH_SUM,
};
