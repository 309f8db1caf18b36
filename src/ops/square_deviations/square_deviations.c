/* (x, sums) to the sum of (x - mean)^2 over images and pixels, for each channel: a second pass over the
 * numbers, in which nothing cancels. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/square_deviations/kernels.def"
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
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    return expect_vectors(node, 1);
}

const cairn_op cairn_op_square_deviations = {
    .name = "square_deviations",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .flags = CAIRN_OP_BATCH_SUM,
    .kernels = kernels,
};
