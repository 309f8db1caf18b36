/* What the micro-kernels multiply: a word of B, a float or a pair of bfloat16, with that of a row of A. Pairs
 * are multiplied where there is an instruction for them; elsewhere they are floats by then. */
#ifndef CAIRN_OPS_GEMM_PRODUCTS_H
#define CAIRN_OPS_GEMM_PRODUCTS_H

#include "ops/gemm/gemm.h"

/* Words of the reduction between two looks at its end: whatever is not a product takes from what a core can
 * begin in a cycle, which is little where another thread runs on it. */
#if defined(CAIRN_SIMD_AVX2)
#define CAIRN_GEMM_STEP 8
#else
#define CAIRN_GEMM_STEP 4
#endif

#if CAIRN_GEMM_PAIRS
typedef __m512bh cairn_factor;

CAIRN_INLINE cairn_factor cairn_factor_of(vec words)
{
    return (cairn_factor)words;
}

/* Without `whole` there is no second number of the pair. */
CAIRN_INLINE vec cairn_multiply_add(vec sum, const void *a, cairn_factor b, const bool whole)
{
    int pair = 0;
    memcpy(&pair, a, whole ? sizeof pair : sizeof(cairn_bf16));
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(pair), b);
}
#else
typedef vec cairn_factor;

CAIRN_INLINE cairn_factor cairn_factor_of(vec words)
{
    return words;
}

/* In unrolled loops compilers take turns with the three forms of the instruction, and accumulators change
 * registers until some end in memory. This form adds to where the sum is. */
CAIRN_INLINE vec cairn_multiply_add(vec sum, const void *a, cairn_factor b, const bool whole)
{
    (void)whole;
#if defined(__FMA__) && !defined(CAIRN_EMULATE_AVX512)
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(vec_set(*(const float *)a)), "v"(b));
    return sum;
#else
    return sum + *(const float *)a * b;
#endif
}
#endif

#endif
