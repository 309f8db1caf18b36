/* Activations. Their gradients follow from the output alone, so that a plan may apply them where the input is
 * made. */
#include "ops/attrs.h"
#include "ops/check.h"
#include <stdio.h>
#define CAIRN_KERNELS_DEF "ops/activation/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_activation_attrs *attrs = node->attrs;
    node->out[0] = *node->in[0];
    if (attrs->kind <= CAIRN_ACT_NONE || attrs->kind > CAIRN_ACT_SIGMOID)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: activation (expected 1 to %d, found %d)", node->name,
                          (int)CAIRN_ACT_SIGMOID, (int)attrs->kind);
    return cairn_expect_image_value(node, 0, -1);
}

static void grad(cairn_grad *g)
{
    char name[CAIRN_GRAD_NAME_BYTES];
    g->d_in[0] = cairn_add_node(g->graph, &cairn_op_activation_bwd, cairn_grad_name(g, 0, name), g->attrs, 2,
                                (cairn_val[]){g->out[0], g->d_out[0]}, NULL);
}

static void describe(const void *attrs, char *text, size_t size)
{
    static const char *const names[] = {"none", "ReLU", "tanh", "1.7159 tanh(2x/3)", "sigmoid"};
    snprintf(text, size, "%s", names[((const cairn_activation_attrs *)attrs)->kind]);
}

static cairn_activation_kind activation_of(const void *attrs)
{
    return ((const cairn_activation_attrs *)attrs)->kind;
}

const cairn_op cairn_op_activation = {
    .name = "activation",
    .label = "Activation",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_activation_attrs),
    .infer = infer,
    .grad = grad,
    .describe = describe,
    .activation = activation_of,
    .kernels = kernels,
};
