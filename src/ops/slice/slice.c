/* A range of the channels of a picture: the gradient of a concatenation's part. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/slice/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_slice_attrs *attrs = node->attrs;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    if (attrs->first < 0 || attrs->count < 1 || attrs->first + attrs->count > node->in[0]->shape.dim[2])
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: channels %d to %d (expected a range of %lld)",
                          node->name, attrs->first, attrs->first + attrs->count - 1,
                          (long long)node->in[0]->shape.dim[2]);
    node->out[0] = *node->in[0];
    node->out[0].shape.dim[2] = attrs->count;
    return CAIRN_OK;
}

const cairn_op cairn_op_slice = {
    .name = "slice",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_slice_attrs),
    .infer = infer,
    .kernels = kernels,
};
