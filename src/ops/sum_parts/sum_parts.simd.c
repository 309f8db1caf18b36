/* Partial sums, vectorised by the compiler for each level. */
#include "ops/op.h"
#define CAIRN_SUM_T float
#include "ops/sum_parts/body.h"

const cairn_kernel CAIRN_KERNEL(sum_parts) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = 1u << CAIRN_F32, .plan = plan, .run = run};
