/* Gradient of the cross-entropy: reference. */
#include "ops/cross_entropy_bwd/body.h"

const cairn_kernel CAIRN_KERNEL(cross_entropy_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
