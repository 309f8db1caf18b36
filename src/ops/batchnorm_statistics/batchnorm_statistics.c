/* x to the sum and the sum of squared deviations from the mean, over images and pixels, for each channel: the
 * statistics of the batch. Parts of the batch have those of their own mean, and join_statistics makes those
 * of the whole of them. */
#include "ops/check.h"
#include "ops/join_statistics/join_statistics.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_statistics/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 0; i < 2; i++)
        node->out[i] =
            (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    return cairn_expect_image_value(node, 0, -1);
}

const cairn_op cairn_op_batchnorm_statistics = {
    .name = "batchnorm_statistics",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 2,
    .infer = infer,
    .flags = CAIRN_OP_BATCH_SUM,
    .join = &cairn_op_join_statistics,
    .kernels = kernels,
};
