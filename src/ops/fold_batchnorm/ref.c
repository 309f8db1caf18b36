/* Folding of a batch normalisation into weights. */
#include "ops/fold_batchnorm/body.h"

const cairn_kernel CAIRN_KERNEL(fold_batchnorm_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
