/* Gradient of subsample: the pixels that were taken get theirs, the others zero. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/subsample_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_subsample_attrs *attrs = node->attrs;
    node->out[0] = *node->in[0];
    node->out[0].shape.dim[0] = attrs->in_h;
    node->out[0].shape.dim[1] = attrs->in_w;
    node->out[0].shape.dim[2] -= attrs->before + attrs->after;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    return status == CAIRN_OK ? cairn_check_output(node, 0) : status;
}

const cairn_op cairn_op_subsample_bwd = {
    .name = "subsample_bwd",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_subsample_attrs),
    .infer = infer,
    .kernels = kernels,
};
