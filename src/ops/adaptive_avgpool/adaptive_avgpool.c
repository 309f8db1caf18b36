/* Means over out_h x out_w windows that cover the picture, whatever its size. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/adaptive_avgpool/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

static cairn_status infer(cairn_infer *node)
{
    cairn_adaptive_attrs *attrs = node->attrs;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    node->out[0] = *node->in[0];
    attrs->in_h = (int32_t)node->in[0]->shape.dim[0];
    attrs->in_w = (int32_t)node->in[0]->shape.dim[1];
    node->out[0].shape.dim[0] = attrs->out_h;
    node->out[0].shape.dim[1] = attrs->out_w;
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_adaptive_avgpool_bwd, cairn_grad_name(g, 0, name),
                                g->attrs, 1, g->d_out, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    const cairn_adaptive_attrs *a = attrs;
    snprintf(text, size, "to %dx%d", a->out_h, a->out_w);
}

const cairn_op cairn_op_adaptive_avgpool = {
    .name = "adaptive_avgpool",
    .label = "AdaptiveAveragePooling2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_adaptive_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
