/* Gradient of a convolution with respect to its input: (dy, w[, addend[, gate]]) to dx. The plan makes an
 * addend of what other uses of the input give, instead of adding it later, and a gate of the input if a ReLU
 * made that: then dx is the gradient of what went into the ReLU. */
#include "ops/attrs.h"
#include "ops/check.h"
#include "ops/window.h"
#define CAIRN_KERNELS_DEF "ops/conv2d_bwd_data/kernels.def"
#include "ops/kernel_list.h"

/* The attributes are those of the convolution, completed by its infer(). */
static cairn_status infer(cairn_infer *node)
{
    const cairn_conv2d_attrs *attrs = node->attrs;
    const cairn_window_attrs *a = &attrs->geometry;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape = (cairn_shape){.rank = 3, .dim = {a->in_h, a->in_w, attrs->in_c}, .batched = true};
    for (int k = 2; k < node->inputs; k++)
        if (!cairn_same_shape(&node->in[k]->shape, &node->out[0].shape))
            return cairn_fail(node->ctx, CAIRN_INPUT, "%s: %s (expected the shape of the output)", node->name,
                              k == 2 ? "addend" : "gate");
    return cairn_expect_tensor(node, 1, 4,
                               (const int64_t[]){a->window.k_h, a->window.k_w, attrs->in_c / attrs->groups,
                                                 node->in[0]->shape.dim[2]});
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    (void)out;
    const int64_t *w = in[1]->shape.dim, *y = in[0]->shape.dim;
    return y[0] * y[1] * w[0] * w[1] * w[2] * w[3];
}

const cairn_op cairn_op_conv2d_bwd_data = {
    .name = "conv2d_bwd_data",
    .min_inputs = 2,
    .max_inputs = 4,
    .outputs = 1,
    .attr_size = sizeof(cairn_conv2d_attrs),
    .infer = infer,
    .macs = macs,
    .addend = 2,
    .over_addend = true,
    .gate = 3,
    .narrow = cairn_conv2d_by_groups,
    .kernels = kernels,
};
