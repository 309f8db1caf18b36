/* A value that is given to each run. */
#include "ops/attrs.h"
#include "ops/check.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_source_attrs *attrs = node->attrs;
    node->out[0] = attrs->type;
    return cairn_check_output(node, 0);
}

const cairn_op cairn_op_input = {
    .name = "input", .label = "Input", .outputs = 1, .attr_size = sizeof(cairn_source_attrs), .infer = infer};
