/* The operator that adds up partial sums over the batch; see sum_parts.h. */
#include "ops/sum_parts/sum_parts.h"
#define CAIRN_KERNELS_DEF "ops/sum_parts/kernels.def"
#include "ops/kernel_list.h"

const cairn_op cairn_op_sum_parts = {
    .name = "sum_parts",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cairn_parts_attrs),
    .kernels = kernels,
};
