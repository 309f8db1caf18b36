/* a + b: vectorised by the compiler for each level. */
#include "ops/add/body.h"

const cairn_kernel CAIRN_KERNEL(add) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
