/* (x, dy, sums, squares) to the sums of dy and of dy * (x - mean) / std over images and pixels, for each
 * channel: the gradients of beta and gamma. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_sums/kernels.def"
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
    for (int i = 0; i < 2; i++)
        node->out[i] =
            (cairn_value_type){{.rank = 1, .dim = {cairn_channels(&node->in[0]->shape)}}, CAIRN_REAL};
    cairn_status status = cairn_expect_same(node, 0, 1);
    return status == CAIRN_OK ? expect_vectors(node, 2) : status;
}

const cairn_op cairn_op_batchnorm_sums = {
    .name = "batchnorm_sums",
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 2,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .flags = CAIRN_OP_BATCH_SUM,
    .kernels = kernels,
};
