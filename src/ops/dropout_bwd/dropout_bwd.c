/* Gradient of dropout: (dy, samples) to dx. The mask is drawn again; it is the same function. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/dropout_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    return status != CAIRN_OK ? status : cairn_expect_per_image(node, 1, CAIRN_INT64);
}

const cairn_op cairn_op_dropout_bwd = {
    .name = "dropout_bwd",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_dropout_attrs),
    .infer = infer,
    .kernels = kernels,
};
