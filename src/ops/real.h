/* The element type of the file at hand: float or double in reference kernels; in vectorised ones float, or
 * bfloat16 where activations are stored so. Reference kernels accumulate in double. */
#ifndef CAIRN_OPS_REAL_H
#define CAIRN_OPS_REAL_H

#include "ops/attrs.h"
#include "ops/operand.h"

/* The upper half of a float. */
typedef struct cairn_bf16 {
    uint16_t bits;
} cairn_bf16;

#if defined(CAIRN_REAL_T)
typedef CAIRN_REAL_T real;
#elif defined(CAIRN_STORE_BF16)
typedef cairn_bf16 real;
#else
typedef float real;
#endif

/* Reference kernels keep as many sums at a time, of neighbouring channels. */
enum { CAIRN_REF_SUMS = 64 };

/* The elements of an operand, from image `image` on. */
static inline real *cairn_image_of(const cairn_operand *x, int64_t image)
{
    return (real *)(void *)x->data + (x->batched ? image * cairn_image_stride(x) : 0);
}

/* Where a kernel of reduced precision stores a float. */
static inline bool cairn_is_float(const cairn_operand *y)
{
    return sizeof(real) < sizeof(float) && y->element != CAIRN_BFLOAT16;
}

/* Element `index` of an image, of either size. */
static inline void *cairn_result_at(const cairn_operand *y, int64_t image, int64_t index)
{
    size_t bytes = cairn_is_float(y) ? sizeof(float) : sizeof(real);
    return y->data + (size_t)(image * cairn_image_stride(y) + index) * bytes;
}

/* Parameters, which plans of reduced precision hold in floats. */
#if defined(CAIRN_REAL_T)
typedef real param;
#else
typedef float param;
#endif

static inline param *cairn_params_of(const cairn_operand *x)
{
    return (param *)(void *)x->data;
}

#endif
