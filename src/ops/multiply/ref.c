/* a * b: reference. */
#include "ops/multiply/body.h"

const cairn_kernel CAIRN_KERNEL(multiply_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
