/* Batch normalisation by the running statistics: y = act(gamma * (x - mean) / sqrt(var + eps) + beta). */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/batchnorm/kernels.def"
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
    .describe = describe,
    .epilogue = epilogue,
    .kernels = kernels,
};
