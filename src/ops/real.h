/* The element type of the file at hand: float or double in reference kernels, float in vectorised ones.
 * Reference kernels accumulate in double. */
#ifndef CAIRN_OPS_REAL_H
#define CAIRN_OPS_REAL_H

#include "ops/attrs.h"
#include "ops/operand.h"

#ifdef CAIRN_REAL_T
typedef CAIRN_REAL_T real;
#else
typedef float real;
#define CAIRN_KERNEL_PRECISION (1u << CAIRN_F32)
#endif

/* Reference kernels keep as many sums at a time, of neighbouring channels. */
enum { CAIRN_REF_SUMS = 64 };

/* The elements of an operand, from image `image` on. */
static inline real *cairn_image_of(const cairn_operand *x, int64_t image)
{
    return (real *)(void *)x->data + (x->batched ? image * cairn_image_stride(x) : 0);
}

#endif
