/* a * b: vectorised by the compiler for each level. */
#include "ops/multiply/body.h"

const cairn_kernel CAIRN_KERNEL(multiply) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
