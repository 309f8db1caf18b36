/* Batch normalisation by the batch: (x, sums, sums of squared deviations, beta[, gamma[, addend]]) to
 *     y = act(gamma * (x - mean) / sqrt(var + eps) + beta + addend),  var the biased variance
 * The plan makes an addend of an add behind it, as at the end of a residual block.
 * Its gradient contains that of the statistics; Ioffe and Szegedy 2015, section 3. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_train/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

enum { ADDEND = 5 };

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    if (node->inputs <= ADDEND)
        return cairn_expect_channel_vectors(node, 1);
    node->inputs = ADDEND;
    cairn_status status = cairn_expect_channel_vectors(node, 1);
    return status == CAIRN_OK ? cairn_expect_same(node, 0, ADDEND) : status;
}

static void grad(cairn_grad *g)
{
    cairn_batchnorm_attrs attrs = *(const cairn_batchnorm_attrs *)g->attrs;
    char name[CAIRN_GRAD_NAME_BYTES];
    bool relu = g->act[0] == CAIRN_ACT_RELU;
    int scaled = attrs.no_scale ? 0 : 1;
    cairn_val dy = relu ? g->d_act[0] : g->d_out[0], beta = g->in[3], gamma = g->in[4], sums[2];
    attrs.act = relu ? CAIRN_ACT_RELU : CAIRN_ACT_NONE;
    snprintf(name, sizeof name, "%s/sums", g->name);
    cairn_add_node(g->graph, &cairn_op_batchnorm_sums, name, &attrs, 5 + scaled,
                   (cairn_val[]){g->in[0], dy, g->in[1], g->in[2], beta, gamma}, sums);
    g->d_in[3] = sums[0];
    if (!attrs.no_scale)
        g->d_in[4] = sums[1];
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(
            g->graph, &cairn_op_batchnorm_bwd, cairn_grad_name(g, 0, name), &attrs, 7 + scaled,
            (cairn_val[]){g->in[0], dy, g->in[1], g->in[2], sums[0], sums[1], beta, gamma}, NULL);
}

static cairn_activation_kind *epilogue(void *attrs)
{
    return &((cairn_batchnorm_attrs *)attrs)->act;
}

static void describe(const void *attrs, char *text, size_t size)
{
    const cairn_batchnorm_attrs *a = attrs;
    snprintf(text, size, "eps %g, momentum %g", a->eps, a->momentum);
}

const cairn_op cairn_op_batchnorm_train = {
    .name = "batchnorm_train",
    .label = "BatchNormalization",
    .min_inputs = 4,
    .max_inputs = ADDEND + 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .epilogue = epilogue,
    .addend = ADDEND,
    .kernels = kernels,
};
