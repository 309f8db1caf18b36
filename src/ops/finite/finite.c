/* Are all numbers finite? One INT32, 1 or 0, over up to eight values, which may be flags of other such nodes.
 */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/finite/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    for (int i = 0; i < node->inputs; i++)
        if ((node->in[i]->element != CAIRN_REAL && node->in[i]->element != CAIRN_INT32) ||
            node->in[i]->shape.batched)
            return cairn_fail(node->ctx, CAIRN_INPUT,
                              "%s: input %d (expected numbers that are not per image)", node->name, i);
    node->out[0] = (cairn_value_type){{.rank = 0}, CAIRN_INT32};
    return CAIRN_OK;
}

const cairn_op cairn_op_finite = {
    .name = "finite",
    .min_inputs = 1,
    .max_inputs = CAIRN_MAX_OPERANDS,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
};
