/* y = act(x * scale[c] + bias[c]): trained per channel. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/scale_bias/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    int64_t c = cairn_channels(&node->in[0]->shape);
    for (int i = 1; i < node->inputs && status == CAIRN_OK; i++)
        status = cairn_expect_tensor(node, i, 1, &c);
    node->out[0] = *node->in[0];
    return status;
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_val dy = g->d_out[0];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_scale_bias, cairn_grad_name(g, 0, name), NULL, 2,
                                    (cairn_val[]){dy, g->in[1]}, NULL);
    if (g->wanted[1])
        g->d_in[1] = cairn_add_node(g->graph, &cairn_op_scale_bias_bwd, cairn_grad_name(g, 1, name), NULL, 2,
                                    (cairn_val[]){g->in[0], dy}, NULL);
    if (g->inputs > 2 && g->wanted[2])
        g->d_in[2] =
            cairn_add_node(g->graph, &cairn_op_channel_sum, cairn_grad_name(g, 2, name), NULL, 1, &dy, NULL);
}

static cairn_activation_kind *epilogue(void *attrs)
{
    return &((cairn_scale_bias_attrs *)attrs)->act;
}

const cairn_op cairn_op_scale_bias = {
    .name = "scale_bias",
    .label = "ScaleBias",
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(cairn_scale_bias_attrs),
    .infer = infer,
    .grad = grad,
    .epilogue = epilogue,
    .kernels = kernels,
};
