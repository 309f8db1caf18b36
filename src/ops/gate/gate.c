/* Whether parameters change in this run: (finite flag) to the flag, or to 0 while other runs of the same step
 * follow. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/gate/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    if (node->in[0]->element != CAIRN_INT32)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: input (expected a flag)", node->name);
    node->out[0] = *node->in[0];
    return CAIRN_OK;
}

const cairn_op cairn_op_gate = {
    .name = "gate",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
};
