/* Gradient of an average or sum pool: dy to dx. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/avgpool_bwd/kernels.def"
#include "ops/kernel_list.h"

/* The attributes are those of the pool, completed by its infer(). */
static cairn_status infer(cairn_infer *node)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)node->attrs)->geometry;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape =
        (cairn_shape){.rank = 3, .dim = {a->in_h, a->in_w, node->in[0]->shape.dim[2]}, .batched = true};
    return CAIRN_OK;
}

const cairn_op cairn_op_avgpool_bwd = {
    .name = "avgpool_bwd",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_pool_attrs),
    .infer = infer,
    .kernels = kernels,
};
