/* Gradient of dropout: reference, float and double. */
#include "ops/dropout/body.h"

const cairn_kernel CAIRN_KERNEL(dropout_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
