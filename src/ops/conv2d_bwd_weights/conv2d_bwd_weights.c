/* Gradient of a convolution with respect to its weights, summed over the batch: (x, dy) to dw. */
#include "ops/attrs.h"
#include "ops/check.h"
#include "ops/window.h"
#define CAIRN_KERNELS_DEF "ops/conv2d_bwd_weights/kernels.def"
#include "ops/kernel_list.h"

/* The attributes are those of the convolution, completed by its infer(). */
static cairn_status infer(cairn_infer *node)
{
    const cairn_conv2d_attrs *attrs = node->attrs;
    const cairn_window *w = &attrs->geometry.window;
    for (int i = 0; i < 2; i++) {
        cairn_status status = cairn_expect_image_value(node, i, 3);
        if (status != CAIRN_OK)
            return status;
    }
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape = (cairn_shape){
        .rank = 4, .dim = {w->k_h, w->k_w, attrs->in_c / attrs->groups, node->in[1]->shape.dim[2]}};
    return cairn_check_output(node, 0);
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    const int64_t *w = out->shape.dim, *y = in[1]->shape.dim;
    return y[0] * y[1] * w[0] * w[1] * w[2] * w[3];
}

const cairn_op cairn_op_conv2d_bwd_weights = {
    .name = "conv2d_bwd_weights",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_conv2d_attrs),
    .infer = infer,
    .macs = macs,
    .narrow = cairn_conv2d_by_groups,
    .kernels = kernels,
    .flags = CAIRN_OP_BATCH_SUM,
};
