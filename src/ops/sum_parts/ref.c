/* Partial sums, reference: float and double. */
#include "ops/op.h"
#define CAIRN_SUM_T CAIRN_REAL_T
#include "ops/sum_parts/body.h"

const cairn_kernel CAIRN_KERNEL(sum_parts_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
