/* Folding of a batch normalisation into weights: vectorised by the compiler for each level. */
#include "ops/fold_batchnorm/body.h"

const cairn_kernel CAIRN_KERNEL(fold_batchnorm) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
