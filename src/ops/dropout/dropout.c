/* Dropout (Srivastava et al. 2014), scaled while training: (x, samples) to x * mask / (1 - rate). */
#include "ops/attrs.h"
#include "ops/check.h"
#include <stdio.h>
#define CAIRN_KERNELS_DEF "ops/dropout/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_dropout_attrs *attrs = node->attrs;
    node->out[0] = *node->in[0];
    if (!(attrs->rate >= 0.0f && attrs->rate < 1.0f))
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: rate (expected 0 to below 1, found %g)", node->name,
                          (double)attrs->rate);
    if (attrs->slot > UINT16_MAX)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: number of dropout layers (expected up to 65536)",
                          node->name);
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    return status != CAIRN_OK ? status : cairn_expect_per_image(node, 1, CAIRN_INT64);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_dropout_bwd, cairn_grad_name(g, 0, name), g->attrs, 2,
                                    (cairn_val[]){g->d_out[0], g->in[1]}, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    snprintf(text, size, "rate %g", (double)((const cairn_dropout_attrs *)attrs)->rate);
}

const cairn_op cairn_op_dropout = {
    .name = "dropout",
    .label = "Dropout",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(cairn_dropout_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
