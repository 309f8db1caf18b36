/* Every stride-th row and column, with channels of zeros before and after: a shortcut without parameters. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/subsample/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

static cairn_status infer(cairn_infer *node)
{
    cairn_subsample_attrs *attrs = node->attrs;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    if (attrs->stride < 1 || attrs->before < 0 || attrs->after < 0)
        return cairn_fail(node->ctx, CAIRN_INPUT,
                          "%s: stride %d, %d and %d channels (expected 1 and 0 or more)", node->name,
                          attrs->stride, attrs->before, attrs->after);
    node->out[0] = *node->in[0];
    int64_t *dim = node->out[0].shape.dim;
    attrs->in_h = (int32_t)dim[0];
    attrs->in_w = (int32_t)dim[1];
    dim[0] = cairn_ceil_div(dim[0], attrs->stride);
    dim[1] = cairn_ceil_div(dim[1], attrs->stride);
    dim[2] += attrs->before + attrs->after;
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_subsample_bwd, cairn_grad_name(g, 0, name), g->attrs, 1,
                                g->d_out, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    const cairn_subsample_attrs *a = attrs;
    snprintf(text, size, "stride %d, %d + %d channels of zeros", a->stride, a->before, a->after);
}

const cairn_op cairn_op_subsample = {
    .name = "subsample",
    .label = "Subsample",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_subsample_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
