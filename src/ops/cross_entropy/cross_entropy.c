/* Softmax and cross-entropy, one loss for each image: (logits, targets[, sample weights]).
 *     loss = weight * (log(sum of exp(x) [+ exp(-margin)]) - sum of target * x)
 * With smoothing s the target is (1 - s) * target + s / classes. The term with the margin is the rubbish
 * class of the MAP criterion of LeCun et al. 1998. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/cross_entropy/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_cross_entropy_attrs *attrs = node->attrs;
    cairn_status status = cairn_expect_image_value(node, 0, 1);
    if (status != CAIRN_OK)
        return status;
    attrs->soft = node->in[1]->element == CAIRN_REAL;
    status = attrs->soft ? cairn_expect_same(node, 0, 1) : cairn_expect_per_image(node, 1, CAIRN_INT32);
    if (status == CAIRN_OK && node->inputs > 2)
        status = cairn_expect_per_image(node, 2, CAIRN_REAL);
    node->out[0] = (cairn_value_type){{.rank = 0, .batched = true}, CAIRN_REAL};
    return status;
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_val in[4] = {g->in[0], g->in[1], g->d_out[0], g->in[2]};
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_cross_entropy_bwd, cairn_grad_name(g, 0, name),
                                    g->attrs, g->inputs + 1, in, NULL);
}

const cairn_op cairn_op_cross_entropy = {
    .name = "cross_entropy",
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(cairn_cross_entropy_attrs),
    .infer = infer,
    .grad = grad,
    .kernels = kernels,
};
