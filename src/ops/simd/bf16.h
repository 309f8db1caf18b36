/* Vectors from and to bfloat16 in memory. In files that are compiled for such activations vec_load and its
 * relatives take pointers to float, for parameters and scratch, and to bfloat16; arithmetic is in floats.
 * Stores round to nearest, ties to even. */
#ifndef CAIRN_OPS_SIMD_BF16_H
#define CAIRN_OPS_SIMD_BF16_H

#include "ops/real.h"

typedef uint32_t uvec __attribute__((vector_size(CAIRN_VECTOR_BYTES)));
typedef uint16_t bf16_vec __attribute__((vector_size(CAIRN_VECTOR_BYTES / 2)));

/* Some compilers convert the longest vectors by halves if they are not told the instruction. */
CAIRN_INLINE vec vec_widen(bf16_vec half)
{
#if defined(CAIRN_SIMD_AVX512)
    uvec words = (uvec)_mm512_cvtepu16_epi32((__m256i)half);
#else
    uvec words = __builtin_convertvector(half, uvec);
#endif
    return vec_from_bits((ivec)(words << 16));
}

/* The bits of the nearest bfloat16 in the upper halves; what is below them is rubbish. */
CAIRN_INLINE uvec vec_round_bf16(vec v)
{
    uvec bits = (uvec)vec_bits(v), rounded = bits + 0x7fff + (bits >> 16 & 1);
    uvec nan = (uvec)(v != v);
    return (nan & (bits | 0x400000)) | (~nan & rounded);
}

/* Words of two bfloat16, the first in the lower half. */
CAIRN_INLINE vec vec_pair_bf16(vec first, vec second)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    const __m512i turns = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                                           7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i words = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
    return (vec)_mm512_permutexvar_epi16(turns, words);
#else
    return vec_from_bits((ivec)(vec_round_bf16(first) >> 16 | (vec_round_bf16(second) & ~0xffffu)));
#endif
}

CAIRN_INLINE bf16_vec vec_narrow(vec v)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    return (bf16_vec)_mm512_cvtneps_pbh((__m512)v);
#elif defined(CAIRN_SIMD_AVX2)
    __m256i words = (__m256i)(vec_round_bf16(v) >> 16);
    return (bf16_vec)_mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
#else
    return __builtin_convertvector(vec_round_bf16(v) >> 16, bf16_vec);
#endif
}

CAIRN_INLINE vec vec_load_bf16(const cairn_bf16 *p)
{
    bf16_vec half;
    memcpy(&half, p, sizeof half);
    return vec_widen(half);
}

CAIRN_INLINE void vec_store_bf16(cairn_bf16 *p, vec v)
{
    bf16_vec half = vec_narrow(v);
    memcpy(p, &half, sizeof half);
}

CAIRN_INLINE vec vec_load_part_bf16(const cairn_bf16 *p, vec_mask mask)
{
#if defined(CAIRN_SIMD_AVX512)
    return vec_widen((bf16_vec)_mm256_maskz_loadu_epi16(mask, p));
#else
    bf16_vec half = {0};
    if (vec_lanes(mask) == CAIRN_LANES)
        return vec_load_bf16(p);
    for (int i = 0; i < vec_lanes(mask); i++)
        half[i] = p[i].bits;
    return vec_widen(half);
#endif
}

CAIRN_INLINE void vec_store_part_bf16(cairn_bf16 *p, vec v, vec_mask mask)
{
#if defined(CAIRN_SIMD_AVX512)
    _mm256_mask_storeu_epi16(p, mask, (__m256i)vec_narrow(v));
#else
    bf16_vec half = vec_narrow(v);
    if (vec_lanes(mask) == CAIRN_LANES)
        memcpy(p, &half, sizeof half);
    else
        for (int i = 0; i < vec_lanes(mask); i++)
            p[i].bits = half[i];
#endif
}

#define CAIRN_BY_TYPE(p, function)                                                                           \
    _Generic((p),                                                                                            \
        float *: function,                                                                                   \
        const float *: function,                                                                             \
        cairn_bf16 *: function##_bf16,                                                                       \
        const cairn_bf16 *: function##_bf16)
#define vec_load(p) CAIRN_BY_TYPE(p, vec_load)(p)
#define vec_store(p, v) CAIRN_BY_TYPE(p, vec_store)(p, v)
#define vec_load_part(p, mask) CAIRN_BY_TYPE(p, vec_load_part)(p, mask)
#define vec_store_part(p, v, mask) CAIRN_BY_TYPE(p, vec_store_part)(p, v, mask)

#endif
