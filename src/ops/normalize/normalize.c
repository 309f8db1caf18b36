/* Bytes of a picture to numbers, through a table of 256 for each channel: (bytes, table (C, 256)). */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/normalize/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_value_type *x = node->in[0];
    if (x->element != CAIRN_BYTE || !x->shape.batched)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: input 0 (expected bytes per image)", node->name);
    node->out[0] = (cairn_value_type){x->shape, CAIRN_REAL};
    return cairn_expect_tensor(node, 1, 2, (const int64_t[]){cairn_channels(&x->shape), 256});
}

const cairn_op cairn_op_normalize = {
    .name = "normalize",
    .label = "Normalization",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
};
