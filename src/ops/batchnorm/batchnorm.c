/* Batch normalisation by the running statistics: y = act(gamma * (x - mean) / sqrt(var + eps) + beta). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm/kernels.def"
#include "ops/kernel_list.h"

#include <stdio.h>
#include <string.h>

static cairn_status infer(cairn_infer *node)
{
    node->out[0] = *node->in[0];
    return cairn_expect_channel_vectors(node, 1);
}

/* Of normalisation that learns nothing: by the running statistics, a factor for each channel. It is the same
 * operator without mean and beta, which a factor of 0 makes of the mean. */
static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES + 8];
    cairn_scale_attrs nothing = {0};
    if (!g->wanted[0])
        return;
    cairn_grad_name(g, 0, name);
    strcat(name, "/zero");
    cairn_val zero = cairn_add_node(g->graph, &cairn_op_scale, name, &nothing, 1, &g->in[2], NULL);
    cairn_val in[5] = {g->d_out[0], zero, zero, g->in[3], g->in[4]};
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_batchnorm, cairn_grad_name(g, 0, name), g->attrs,
                                g->inputs, in, NULL);
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

const cairn_op cairn_op_batchnorm = {
    .name = "batchnorm",
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
