/* Output layer of LeCun et al. 1998: y[k] = -sum over i of (x[i] - codes[k, i])^2. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/rbf/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    if (status != CAIRN_OK || (status = cairn_expect_tensor(
                                   node, 1, 2, (const int64_t[]){-1, node->in[0]->shape.dim[0]})) != CAIRN_OK)
        return status;
    node->out[0] =
        (cairn_value_type){{.rank = 1, .dim = {node->in[1]->shape.dim[0]}, .batched = true}, CAIRN_REAL};
    return CAIRN_OK;
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_rbf_bwd, cairn_grad_name(g, 0, name), NULL, 3,
                                    (cairn_val[]){g->in[0], g->in[1], g->d_out[0]}, NULL);
}

const cairn_op cairn_op_rbf = {
    .name = "rbf",
    .label = "RBF",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
};
