/* What the micro-kernels multiply: a word of B, a float or a pair of bfloat16, with that of a row of A. */
#ifndef CAIRN_OPS_GEMM_PRODUCTS_H
#define CAIRN_OPS_GEMM_PRODUCTS_H

#include "ops/simd/vector.h"

/* Words of the reduction between two looks at its end: whatever is not a product takes from what a core can
 * begin in a cycle, which is little where another thread runs on it. */
#if defined(CAIRN_SIMD_AVX2)
#define CAIRN_GEMM_STEP 8
#else
#define CAIRN_GEMM_STEP 4
#endif

/* Vectors are registers, of which compilers can be told. */
#if defined(__FMA__) && !defined(CAIRN_EMULATE_AVX512)
#define CAIRN_GEMM_REGISTERS
#endif

/* How often words are gone through: without the instruction for pairs once for each half, since the factors
 * of both would take the registers that sums are in. Compilers, which would load words once and keep them,
 * are told that places have changed. */
#if defined(CAIRN_STORE_BF16) && !defined(CAIRN_SIMD_AVX512BF16)
#define CAIRN_GEMM_HALVES 2
#define CAIRN_GEMM_BETWEEN_HALVES(place, other) __asm__("" : "+r"(place), "+r"(other))
#else
#define CAIRN_GEMM_HALVES 1
#define CAIRN_GEMM_BETWEEN_HALVES(place, other) ((void)0)
#endif

#if defined(CAIRN_STORE_BF16) && defined(CAIRN_SIMD_AVX512BF16)
typedef __m512bh cairn_factor;

CAIRN_INLINE cairn_factor cairn_factor_of(vec words, const int half)
{
    (void)half;
    return (cairn_factor)words;
}

/* Without `whole` there is no second number of the pair. */
CAIRN_INLINE vec cairn_multiply_add(vec sum, const void *a, cairn_factor b, const int half, const bool whole)
{
    int pair = 0;
    (void)half;
    memcpy(&pair, a, whole ? sizeof pair : sizeof(cairn_bf16));
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(pair), b);
}
#else
typedef vec cairn_factor;

/* In unrolled loops compilers take turns with the three forms of the instruction, and accumulators change
 * registers until some end in memory. This form adds to where the sum is. */
CAIRN_INLINE vec cairn_multiply_add_floats(vec sum, vec a, vec b)
{
#if defined(CAIRN_GEMM_REGISTERS)
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#else
    return sum + a * b;
#endif
}

#if !defined(CAIRN_STORE_BF16)
CAIRN_INLINE cairn_factor cairn_factor_of(vec words, const int half)
{
    (void)half;
    return words;
}

CAIRN_INLINE vec cairn_multiply_add(vec sum, const void *a, cairn_factor b, const int half, const bool whole)
{
    (void)half, (void)whole;
    return cairn_multiply_add_floats(sum, vec_set(*(const float *)a), b);
}
#else
/* Without the instruction for pairs: a half of each word as a float. */
typedef uint16_t cairn_halves __attribute__((vector_size(CAIRN_VECTOR_BYTES)));

CAIRN_INLINE cairn_factor cairn_factor_of(vec words, const int half)
{
    return vec_from_bits(half == 0 ? vec_bits(words) << 16 : vec_bits(words) & ~0xffff);
}

CAIRN_INLINE vec cairn_multiply_add(vec sum, const void *a, cairn_factor b, const int half, const bool whole)
{
    if (half == 1 && !whole)
        return sum;
    cairn_bf16 number;
    memcpy(&number, (const cairn_bf16 *)a + half, sizeof number);
    cairn_halves both = number.bits - (cairn_halves){0};
#if defined(CAIRN_GEMM_REGISTERS)
    __asm__("" : "+v"(both)); /* else compilers shift the number and bring it to vectors by a register */
#endif
    return cairn_multiply_add_floats(sum, cairn_factor_of((vec)both, 1), b);
}
#endif
#endif

#endif
