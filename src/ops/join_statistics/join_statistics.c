/* The operator that joins statistics of parts of the batch; see join_statistics.h. */
#include "ops/join_statistics/join_statistics.h"
#include "ops/sum_parts/sum_parts.h"
#define CAIRN_KERNELS_DEF "ops/join_statistics/kernels.def"
#include "ops/kernel_list.h"

const cairn_op cairn_op_join_statistics = {
    .name = "join_statistics",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 2,
    .attr_size = sizeof(cairn_parts_attrs),
    .kernels = kernels,
};
