/* Sum of the gradients of a step's runs: (gradient) to what has come together so far, the result of the mean
 * over all images of the step when its last run has ended. A run counts by its share of the images; the first
 * begins anew. The output lasts from run to run. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/accumulate/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    if (node->in[0]->shape.batched || node->in[0]->element != CAIRN_REAL)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: input (expected a gradient)", node->name);
    node->out[0] = *node->in[0];
    return CAIRN_OK;
}

const cairn_op cairn_op_accumulate = {
    .name = "accumulate",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_LASTING,
};
