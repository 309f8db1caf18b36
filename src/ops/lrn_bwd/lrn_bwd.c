/* Gradient of local response normalisation, with s the bracket:
 *     dx_i = dy_i * s_i^-beta - 2 beta alpha x_i * sum over the window of dy_j x_j s_j^(-beta-1) */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/lrn_bwd/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_lrn_attrs *attrs = node->attrs;
    if (attrs->size < 1 || attrs->size % 2 == 0 || !(attrs->k >= 0) || !(attrs->alpha >= 0))
        return cairn_fail(node->ctx, CAIRN_INPUT,
                          "%s: size %d, k %g, alpha %g (expected an odd size, k and alpha not negative)",
                          node->name, attrs->size, attrs->k, attrs->alpha);
    node->out[0] = *node->in[0];
    cairn_status status = cairn_expect_same(node, 0, 1);
    return status == CAIRN_OK ? cairn_expect_image_value(node, 0, 3) : status;
}

const cairn_op cairn_op_lrn_bwd = {
    .name = "lrn_bwd",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_lrn_attrs),
    .infer = infer,
    .kernels = kernels,
};
