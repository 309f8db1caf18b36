/* factor * x. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/scale/kernels.def"
#include "ops/kernel_list.h"
#include <stdio.h>

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return node->in[0]->element == CAIRN_REAL ? CAIRN_OK : cairn_expect_image_value(node, 0, -1);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] =
        cairn_add_node(g->graph, &cairn_op_scale, cairn_grad_name(g, 0, name), g->attrs, 1, g->d_out, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    snprintf(text, size, "by %g", ((const cairn_scale_attrs *)attrs)->factor);
}

const cairn_op cairn_op_scale = {
    .name = "scale",
    .label = "Scale",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_scale_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .kernels = kernels,
};
