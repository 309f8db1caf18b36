/* Mean over the images of a run. */
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/mean/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = (cairn_value_type){{.rank = 0}, CAIRN_REAL};
    return cairn_expect_per_image(node, 0, CAIRN_REAL);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] =
        cairn_add_node(g->graph, &cairn_op_mean_bwd, cairn_grad_name(g, 0, name), NULL, 1, g->d_out, NULL);
}

const cairn_op cairn_op_mean = {
    .name = "mean",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
    .flags = CAIRN_OP_BATCH_SUM,
};
