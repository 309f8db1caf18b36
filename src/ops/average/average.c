/* Moving average of weights: (shadow, w, finite flag) to shadow, in place, behind all updates of the step t =
 * 0, 1,
 * ... The first copies, and the next count for more than `decay` allows:
 *     shadow = d * shadow + (1 - d) * w;  d = min(decay, (1 + t) / (10 + t)), 0 in the first
 * Nothing changes when the flag is 0. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/average/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    cairn_status status = cairn_expect_same(node, 0, 1);
    if (status != CAIRN_OK)
        return status;
    if (node->in[0]->shape.batched || node->in[2]->element != CAIRN_INT32)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: inputs (expected tensors and a flag)", node->name);
    node->out[0] = *node->in[0];
    return CAIRN_OK;
}

const cairn_op cairn_op_average = {
    .name = "average",
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(cairn_average_attrs),
    .infer = infer,
    .kernels = kernels,
    .flags = CAIRN_OP_UPDATE | CAIRN_OP_LAST | CAIRN_OP_IN_PLACE,
    .in_place = {0},
};
