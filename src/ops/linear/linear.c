/* Dense layer: y[o] = act(bias[o] + sum over i of x[i] * w[i, o]). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/linear/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    if (status != CAIRN_OK || (status = cairn_expect_tensor(
                                   node, 1, 2, (const int64_t[]){node->in[0]->shape.dim[0], -1})) != CAIRN_OK)
        return status;
    int64_t out = node->in[1]->shape.dim[1];
    if (node->inputs > 2 && (status = cairn_expect_tensor(node, 2, 1, &out)) != CAIRN_OK)
        return status;
    node->out[0] = (cairn_value_type){{.rank = 1, .dim = {out}, .batched = true}, CAIRN_REAL};
    return cairn_check_output(node, 0);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_val dy = g->d_out[0];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_linear_bwd_data, cairn_grad_name(g, 0, name), NULL, 2,
                                    (cairn_val[]){dy, g->in[1]}, NULL);
    if (g->wanted[1])
        g->d_in[1] = cairn_add_node(g->graph, &cairn_op_linear_bwd_weights, cairn_grad_name(g, 1, name), NULL,
                                    2, (cairn_val[]){g->in[0], dy}, NULL);
    if (g->inputs > 2 && g->wanted[2])
        g->d_in[2] =
            cairn_add_node(g->graph, &cairn_op_channel_sum, cairn_grad_name(g, 2, name), NULL, 1, &dy, NULL);
}

static int64_t macs(const void *attrs, const cairn_value_type *const *in, const cairn_value_type *out)
{
    (void)attrs;
    (void)out;
    return in[1]->shape.dim[0] * in[1]->shape.dim[1];
}

static cairn_activation_kind *epilogue(void *attrs)
{
    return &((cairn_linear_attrs *)attrs)->act;
}

const cairn_op cairn_op_linear = {
    .name = "linear",
    .label = "Dense",
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(cairn_linear_attrs),
    .infer = infer,
    .grad = grad,
    .macs = macs,
    .epilogue = epilogue,
    .kernels = kernels,
    .flags = CAIRN_OP_FLOAT_OUT,
};
