/* Batch normalisation by the batch: (x, sums, sums of squared deviations, beta[, gamma]) to
 *     y = act(gamma * (x - mean) / sqrt(var + eps) + beta),  var the biased variance
 * Its gradient contains that of the statistics; Ioffe and Szegedy 2015, section 3. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm_train/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>

static cairn_status expect_vectors(const cairn_infer *node, int first)
{
    int64_t c = cairn_channels(&node->in[0]->shape);
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    for (int i = first; i < node->inputs && status == CAIRN_OK; i++)
        status = cairn_expect_tensor(node, i, 1, &c);
    return status;
}

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return expect_vectors(node, 1);
}

static void grad(cairn_grad *g)
{
    const cairn_batchnorm_attrs *attrs = g->attrs;
    char name[CAIRN_GRAD_NAME_BYTES];
    cairn_val sums[2], in[7] = {g->in[0], g->d_out[0], g->in[1], g->in[2]};
    snprintf(name, sizeof name, "%s/sums", g->name);
    cairn_add_node(g->graph, &cairn_op_batchnorm_sums, name, attrs, 4, in, sums);
    g->d_in[3] = sums[0];
    in[4] = sums[0];
    in[5] = sums[1];
    int inputs = 6;
    if (!attrs->no_scale) {
        g->d_in[4] = sums[1];
        in[inputs++] = g->in[4];
    }
    if (g->wanted[0])
        g->d_in[0] = cairn_add_node(g->graph, &cairn_op_batchnorm_bwd, cairn_grad_name(g, 0, name), attrs,
                                    inputs, in, NULL);
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
    .max_inputs = 5,
    .outputs = 1,
    .attr_size = sizeof(cairn_batchnorm_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .epilogue = epilogue,
    .kernels = kernels,
};
