/* The same numbers in another type: between floats and bfloat16. Plans of reduced precision put it where a
 * value is made in one and read in the other. */
#include "ops/attrs.h"
#include "ops/check.h"
#define CAIRN_KERNELS_DEF "ops/convert/kernels.def"
#include "ops/kernel_list.h"

static cairn_status infer(cairn_infer *node)
{
    const cairn_convert_attrs *attrs = node->attrs;
    node->out[0] = (cairn_value_type){node->in[0]->shape, attrs->to};
    return CAIRN_OK;
}

const cairn_op cairn_op_convert = {
    .name = "convert",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_convert_attrs),
    .infer = infer,
    .kernels = kernels,
};
