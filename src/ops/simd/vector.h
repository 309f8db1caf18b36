/* Vectors of floats in the width of the level that a *.simd.c file is compiled for: the compilers' vector
 * extensions, and intrinsics only for loads and stores of parts. */
#ifndef CAIRN_OPS_SIMD_VECTOR_H
#define CAIRN_OPS_SIMD_VECTOR_H

#include "ops/op.h"
#include <string.h>
#if defined(CAIRN_SIMD_AVX512) || defined(CAIRN_SIMD_AVX2)
#include <immintrin.h>
#endif

#define CAIRN_LANES (CAIRN_VECTOR_BYTES / 4)
#define CAIRN_LINE_BYTES 64 /* of the cache, on all processors that there are kernels for */
#define CAIRN_LINE_FLOATS (CAIRN_LINE_BYTES / (int64_t)sizeof(float))
#define CAIRN_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define CAIRN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CAIRN_UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vec __attribute__((vector_size(CAIRN_VECTOR_BYTES)));
typedef int32_t ivec __attribute__((vector_size(CAIRN_VECTOR_BYTES)));

CAIRN_INLINE vec vec_load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

CAIRN_INLINE void vec_store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

/* Stores what is not read soon, to an aligned place: past the cache, which then need not read it first. After
 * the last one vec_stream_end. */
CAIRN_INLINE void vec_stream(float *p, vec v)
{
#if defined(CAIRN_SIMD_AVX512)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(CAIRN_SIMD_AVX2)
    _mm256_stream_ps(p, (__m256)v);
#else
    vec_store(p, v);
#endif
}

CAIRN_INLINE void vec_stream_end(void)
{
#if defined(CAIRN_SIMD_AVX512) || defined(CAIRN_SIMD_AVX2)
    _mm_sfence();
#endif
}

CAIRN_INLINE vec vec_set(float x)
{
    return x - (vec){0};
}

CAIRN_INLINE ivec vec_bits(vec v)
{
    ivec i;
    memcpy(&i, &v, sizeof i);
    return i;
}

CAIRN_INLINE vec vec_from_bits(ivec i)
{
    vec v;
    memcpy(&v, &i, sizeof v);
    return v;
}

/* mask ? a : b; a mask is what comparisons give. */
CAIRN_INLINE vec vec_select(ivec mask, vec a, vec b)
{
    return vec_from_bits((mask & vec_bits(a)) | (~mask & vec_bits(b)));
}

/* v where the gate is above 0, and else 0. */
CAIRN_INLINE vec vec_gate(vec gate, vec v)
{
#if defined(CAIRN_SIMD_AVX512)
    return (vec)_mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)gate, _mm512_setzero_ps(), _CMP_GT_OQ),
                                    (__m512)v);
#else
    return vec_from_bits((gate > 0.0f) & vec_bits(v));
#endif
}

/* The larger; a NaN in b comes through. */
CAIRN_INLINE vec vec_max(vec a, vec b)
{
#if defined(CAIRN_SIMD_AVX512)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(CAIRN_SIMD_AVX2)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vec_select(a > b, a, b);
#endif
}

/* The smaller; a NaN in b comes through. */
CAIRN_INLINE vec vec_min(vec a, vec b)
{
#if defined(CAIRN_SIMD_AVX512)
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(CAIRN_SIMD_AVX2)
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return vec_select(a < b, a, b);
#endif
}

CAIRN_INLINE vec vec_sqrt(vec v)
{
#if defined(CAIRN_SIMD_AVX512)
    return (vec)_mm512_sqrt_ps((__m512)v);
#elif defined(CAIRN_SIMD_AVX2)
    return (vec)_mm256_sqrt_ps((__m256)v);
#else
    for (int i = 0; i < CAIRN_LANES; i++)
        v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

/* Lanes in which one of two numbers is no number; flags are joined by |. */
#if defined(CAIRN_SIMD_AVX512)
typedef __mmask16 vec_flags;
CAIRN_INLINE vec_flags vec_unordered(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q);
}
CAIRN_INLINE vec vec_choose(vec_flags flags, vec a, vec b)
{
    return (vec)_mm512_mask_blend_ps(flags, (__m512)b, (__m512)a);
}
#else
typedef ivec vec_flags;
CAIRN_INLINE vec_flags vec_unordered(vec a, vec b)
{
#if defined(CAIRN_SIMD_AVX2)
    return (ivec)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q);
#else
    return (a != a) | (b != b);
#endif
}
CAIRN_INLINE vec vec_choose(vec_flags flags, vec a, vec b)
{
    return vec_select(flags, a, b);
}
#endif

CAIRN_INLINE float vec_sum(vec v)
{
    float sum = 0.0f;
    for (int i = 0; i < CAIRN_LANES; i++)
        sum += v[i];
    return sum;
}

/* ---- the first lanes alone ---- */

#if defined(CAIRN_SIMD_AVX512)
typedef __mmask16 vec_mask;

CAIRN_INLINE vec_mask vec_first(int64_t count)
{
    return (vec_mask)(count >= CAIRN_LANES ? 0xFFFF : (1u << count) - 1u);
}
CAIRN_INLINE int vec_lanes(vec_mask mask)
{
    return __builtin_popcount(mask);
}
CAIRN_INLINE vec vec_load_part(const float *p, vec_mask mask)
{
    return (vec)_mm512_maskz_loadu_ps(mask, p);
}
CAIRN_INLINE void vec_store_part(float *p, vec v, vec_mask mask)
{
    _mm512_mask_storeu_ps(p, mask, (__m512)v);
}
#elif defined(CAIRN_SIMD_AVX2)
/* The first Zen takes twenty cycles for a load or a store by mask, even of all lanes: some lanes go piece by
 * piece. */
typedef struct vec_mask {
    int count;
    bool whole;
} vec_mask;

CAIRN_INLINE int vec_lanes(vec_mask mask)
{
    return mask.count;
}

CAIRN_INLINE vec_mask vec_first(int64_t count)
{
    return (vec_mask){(int)(count < CAIRN_LANES ? count : CAIRN_LANES), count >= CAIRN_LANES};
}

/* Up to three floats. */
CAIRN_INLINE __m128 vec_load_few(const float *p, int count)
{
    __m128 few = _mm_setzero_ps();
    if ((count & 2) != 0)
        few = _mm_loadl_pi(few, (const __m64 *)p);
    if (count == 3)
        return _mm_insert_ps(few, _mm_load_ss(p + 2), 0x20);
    return count == 1 ? _mm_load_ss(p) : few;
}
CAIRN_INLINE vec vec_load_part(const float *p, vec_mask mask)
{
    if (mask.whole)
        return vec_load(p);
    __m128 rest = vec_load_few(p + (mask.count & 4), mask.count & 3);
    if ((mask.count & 4) == 0)
        return (vec)_mm256_set_m128(_mm_setzero_ps(), rest);
    return (vec)_mm256_set_m128(rest, _mm_loadu_ps(p));
}
CAIRN_INLINE void vec_store_part(float *p, vec v, vec_mask mask)
{
    if (mask.whole) {
        vec_store(p, v);
        return;
    }
    __m128 rest = _mm256_castps256_ps128((__m256)v);
    if ((mask.count & 4) != 0) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps((__m256)v, 1);
        p += 4;
    }
    if ((mask.count & 2) != 0) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if ((mask.count & 1) != 0)
        _mm_store_ss(p, rest);
}
#else
typedef int vec_mask; /* lanes */

CAIRN_INLINE int vec_lanes(vec_mask mask)
{
    return mask;
}

CAIRN_INLINE vec_mask vec_first(int64_t count)
{
    return (int)(count < CAIRN_LANES ? count : CAIRN_LANES);
}
CAIRN_INLINE vec vec_load_part(const float *p, vec_mask mask)
{
    vec v = {0};
    if (mask == CAIRN_LANES)
        return vec_load(p);
    for (int i = 0; i < mask; i++)
        v[i] = p[i];
    return v;
}
CAIRN_INLINE void vec_store_part(float *p, vec v, vec_mask mask)
{
    if (mask == CAIRN_LANES) {
        vec_store(p, v);
        return;
    }
    for (int i = 0; i < mask; i++)
        p[i] = v[i];
}
#endif

#if defined(CAIRN_STORE_BF16)
#include "ops/simd/bf16.h"
#endif

#endif
