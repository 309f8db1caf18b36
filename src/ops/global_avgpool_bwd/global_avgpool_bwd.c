/* Gradient of a global mean: every pixel gets an equal share. The attributes hold the shape of the picture.
 */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/global_avgpool_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_reshape_attrs *attrs = node->attrs;
    node->out[0] = (cairn_value_type){attrs->shape, CAIRN_REAL};
    return cairn_expect_image_value(node, 0, 1);
}

const cairn_op cairn_op_global_avgpool_bwd = {
    .name = "global_avgpool_bwd",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_reshape_attrs),
    .infer = infer,
    .kernels = kernels,
};
