/* Gradient of a dense layer with respect to its weights, summed over the batch: (x, dy) to dw (I, O). */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/linear_bwd_weights/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 0; i < 2; i++) {
        cairn_status status = cairn_expect_image_value(node, i, 1);
        if (status != CAIRN_OK)
            return status;
    }
    node->out[0] = (cairn_value_type){
        {.rank = 2, .dim = {node->in[0]->shape.dim[0], node->in[1]->shape.dim[0]}}, CAIRN_REAL};
    return cairn_check_output(node, 0);
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    (void)in;
    return out->shape.dim[0] * out->shape.dim[1];
}

const cairn_op cairn_op_linear_bwd_weights = {
    .name = "linear_bwd_weights",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .macs = macs,
    .kernels = kernels,
    .flags = CAIRN_OP_BATCH_SUM,
};
