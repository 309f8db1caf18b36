/* Zeros around the picture. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/zero_pad/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

static cairn_status infer(cairn_infer *node)
{
    const cairn_zero_pad_attrs *pad = node->attrs;
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    if (pad->top < 0 || pad->bottom < 0 || pad->left < 0 || pad->right < 0)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: padding (expected 0 or more on each side)",
                          node->name);
    node->out[0] = *node->in[0];
    node->out[0].shape.dim[0] += pad->top + pad->bottom;
    node->out[0].shape.dim[1] += pad->left + pad->right;
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_zero_pad_bwd, cairn_grad_name(g, 0, name), g->attrs, 1,
                                g->d_out, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    const cairn_zero_pad_attrs *pad = attrs;
    snprintf(text, size, "%d, %d rows, %d, %d columns", pad->top, pad->bottom, pad->left, pad->right);
}

const cairn_op cairn_op_zero_pad = {
    .name = "zero_pad",
    .label = "ZeroPadding2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_zero_pad_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
