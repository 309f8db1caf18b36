/* Gradient of a dense layer with respect to its input: (dy, w) to dx. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/linear_bwd_data/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    if (status != CAIRN_OK || (status = cairn_expect_tensor(
                                   node, 1, 2, (const int64_t[]){-1, node->in[0]->shape.dim[0]})) != CAIRN_OK)
        return status;
    node->out[0] =
        (cairn_value_type){{.rank = 1, .dim = {node->in[1]->shape.dim[0]}, .batched = true}, CAIRN_REAL};
    return CAIRN_OK;
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    (void)out;
    return in[1]->shape.dim[0] * in[1]->shape.dim[1];
}

const cairn_op cairn_op_linear_bwd_data = {
    .name = "linear_bwd_data",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .macs = macs,
    .kernels = kernels,
};
