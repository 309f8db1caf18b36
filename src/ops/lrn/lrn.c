/* Local response normalisation across channels: y = x / (k + alpha * sum of x^2)^beta. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/lrn/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

static cairn_status infer(cairn_infer *node)
{
    const cairn_lrn_attrs *attrs = node->attrs;
    if (attrs->size < 1 || attrs->size % 2 == 0 || !(attrs->k >= 0) || !(attrs->alpha >= 0))
        return cairn_fail(node->ctx, CAIRN_INPUT,
                          "%s: size %d, k %g, alpha %g (expected an odd size, k and alpha not negative)",
                          node->name, attrs->size, attrs->k, attrs->alpha);
    node->out[0] = *node->in[0];
    return cairn_expect_image_value(node, 0, 3);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_lrn_bwd, cairn_grad_name(g, 0, name), g->attrs, 2,
                                (cairn_val[]){g->in[0], g->d_out[0]}, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    const cairn_lrn_attrs *a = attrs;
    snprintf(text, size, "%d channels, k %g, alpha %g, beta %g", a->size, a->k, a->alpha, a->beta);
}

const cairn_op cairn_op_lrn = {
    .name = "lrn",
    .label = "LocalResponseNormalization",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_lrn_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
