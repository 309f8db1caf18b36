/* Sum of the squares of up to eight values: one number. With `chained` the first input is the sum of another
 * such node. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/square_sum/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i]->element != CAIRN_REAL || node->in[i]->shape.batched)
            return cairn_fail(node->ctx, CAIRN_INPUT,
                              "%s: input %d (expected numbers that are not per image)", node->name, i);
    node->out[0] = (cairn_value_type){{.rank = 0}, CAIRN_REAL};
    return CAIRN_OK;
}

const cairn_op cairn_op_square_sum = {
    .name = "square_sum",
    .min_inputs = 1,
    .max_inputs = CAIRN_MAX_OPERANDS,
    .outputs = 1,
    .attr_size = sizeof(cairn_square_sum_attrs),
    .infer = infer,
    .kernels = kernels,
};
