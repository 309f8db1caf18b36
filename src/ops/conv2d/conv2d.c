/* Convolution (cross-correlation) in NHWC: y[oy, ox, o] = act(bias[o] + sum over taps and channels of x * w +
 * addend[oy, ox, o]), with groups, stride, dilation and any padding with zeros. Inputs: x, w, bias, addend;
 * the plan makes an addend of an add behind a convolution. */
#include "ops/check.h"
#include "ops/window.h"
#define CAIRN_KERNELS_DEF "ops/conv2d/kernels.def"
#include "ops/kernel_list.h"

static cairn_status check_weights(const cairn_infer *node, const cairn_conv2d_attrs *attrs, int64_t in_c)
{
    const cairn_window *window = &attrs->geometry.window;
    const cairn_shape *w = &node->in[1]->shape;
    int64_t out_c = w->rank == 4 ? w->dim[3] : 0;
    if (attrs->groups < 1 || in_c > INT32_MAX || in_c % attrs->groups != 0 || out_c % attrs->groups != 0)
        return cairn_fail(node->ctx, CAIRN_INPUT,
                          "%s: groups (expected a divisor of %lld input and %lld output channels, found %d)",
                          node->name, (long long)in_c, (long long)out_c, attrs->groups);
    return cairn_expect_tensor(node, 1, 4,
                               (const int64_t[]){window->k_h, window->k_w, in_c / attrs->groups, -1});
}

static cairn_status infer(cairn_infer *node)
{
    cairn_conv2d_attrs *attrs = node->attrs;
    cairn_status status = cairn_window_resolve(node, &attrs->geometry);
    if (status != CAIRN_OK)
        return status;
    int64_t in_c = node->in[0]->shape.dim[2];
    if ((status = check_weights(node, attrs, in_c)) != CAIRN_OK)
        return status;
    int64_t out_c = node->in[1]->shape.dim[3];
    if (node->inputs > 2 && (status = cairn_expect_tensor(node, 2, 1, &out_c)) != CAIRN_OK)
        return status;
    attrs->in_c = (int32_t)in_c;
    node->out[0].element = CAIRN_REAL;
    node->out[0].shape = (cairn_shape){
        .rank = 3, .dim = {attrs->geometry.out_h, attrs->geometry.out_w, out_c}, .batched = true};
    if (node->inputs > 3 && !cairn_same_shape(&node->in[3]->shape, &node->out[0].shape))
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: addend (expected the shape of the output)",
                          node->name);
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_val dy = g->d_out[0];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_conv2d_bwd_data, cairn_grad_name(g, 0, name),
                                    g->attrs, 2, (cairn_val[]){dy, g->in[1]}, NULL);
    if (g->wanted[1])
        g->d_in[1] = cairn_add_node(g->graph, &cairn_op_conv2d_bwd_weights, cairn_grad_name(g, 1, name),
                                    g->attrs, 2, (cairn_val[]){g->in[0], dy}, NULL);
    if (g->inputs > 2 && g->wanted[2])
        g->d_in[2] =
            cairn_add_node(g->graph, &cairn_op_channel_sum, cairn_grad_name(g, 2, name), NULL, 1, &dy, NULL);
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    const int64_t *w = in[1]->shape.dim, *y = out->shape.dim;
    return y[0] * y[1] * w[0] * w[1] * w[2] * w[3];
}

static cairn_activation_kind *epilogue(void *attrs)
{
    return &((cairn_conv2d_attrs *)attrs)->act;
}

const cairn_op cairn_op_conv2d = {
    .name = "conv2d",
    .label = "Conv2D",
    .min_inputs = 2,
    .max_inputs = 4,
    .outputs = 1,
    .attr_size = sizeof(cairn_conv2d_attrs),
    .infer = infer,
    .grad = grad,
    .macs = macs,
    .describe = cairn_window_describe,
    .epilogue = epilogue,
    .addend = 3,
    .over_addend = true,
    .window = cairn_window_of,
    .narrow = cairn_conv2d_by_groups,
    .kernels = kernels,
    .flags = CAIRN_OP_FLOAT_OUT,
};
