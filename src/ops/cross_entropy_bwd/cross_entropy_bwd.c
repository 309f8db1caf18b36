/* Gradient of the cross-entropy with respect to the logits: (logits, targets, d_loss[, sample weights]). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/cross_entropy_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    return status != CAIRN_OK ? status : cairn_expect_per_image(node, 2, CAIRN_REAL);
}

const cairn_op cairn_op_cross_entropy_bwd = {
    .name = "cross_entropy_bwd",
    .min_inputs = 3,
    .max_inputs = 4,
    .outputs = 1,
    .attr_size = sizeof(cairn_cross_entropy_attrs),
    .infer = infer,
    .kernels = kernels,
};
