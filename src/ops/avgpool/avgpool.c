/* Mean or sum of each window; cairn_divisor says what the sum is divided by. */
#include "ops/check.h"
#include "ops/window.h"
#define CAIRN_KERNELS_DEF "ops/avgpool/kernels.def"
#include "ops/kernel_list.h"

static cairn_status check(cairn_infer *node, cairn_pool_attrs *attrs)
{
    const cairn_window *w = &attrs->geometry.window;
    if (w->dilation_h != 1 || w->dilation_w != 1)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: dilation of an average pool (expected 1, found %dx%d)",
                          node->name, w->dilation_h, w->dilation_w);
    if (attrs->divisor == CAIRN_DIVISOR_PIXELS)
        return cairn_window_expect_pixels(node, &attrs->geometry);
    return CAIRN_OK;
}

static cairn_status infer(cairn_infer *node)
{
    cairn_pool_attrs *attrs = node->attrs;
    cairn_window_attrs *a = &attrs->geometry;
    if (a->padding == CAIRN_PAD_SAME && attrs->divisor == CAIRN_DIVISOR_WINDOW)
        attrs->divisor = CAIRN_DIVISOR_PIXELS;
    cairn_status status = cairn_window_resolve(node, a);
    if (status != CAIRN_OK || (status = check(node, attrs)) != CAIRN_OK)
        return status;
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape =
        (cairn_shape){.rank = 3, .dim = {a->out_h, a->out_w, node->in[0]->shape.dim[2]}, .batched = true};
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_avgpool_bwd, cairn_grad_name(g, 0, name), g->attrs, 1,
                                g->d_out, NULL);
}

const cairn_op cairn_op_avgpool = {
    .name = "avgpool",
    .label = "AveragePooling2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_pool_attrs),
    .infer = infer,
    .grad = grad,
    .describe = cairn_window_describe,
    .window = cairn_window_of,
    .kernels = kernels,
};
