/* A tensor whose numbers belong to the graph. */
#include "ops/attrs.h"
#include "ops/check.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_source_attrs *attrs = node->attrs;
    node->out[0] = attrs->type;
    return cairn_check_output(node, 0);
}

const cairn_op cairn_op_constant = {
    .name = "constant", .outputs = 1, .attr_size = sizeof(cairn_source_attrs), .infer = infer};
