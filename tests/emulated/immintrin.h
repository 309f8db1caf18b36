/* AVX-512 and its products of bfloat16 on a processor with AVX2: found before the compiler's header of this
 * name when CAIRN_EMULATE_AVX512 is on, it defines over again, by Intel's description, the intrinsics that
 * kernels use. What a kernel computes is then tested on machines that lack the instructions; how fast it is
 * is not.
 *
 * Vectors stay the compiler's own types. Instructions on bfloat16 take denormal numbers for zeros and leave
 * none. */
#ifndef CAIRN_TESTS_EMULATED_IMMINTRIN_H
#define CAIRN_TESTS_EMULATED_IMMINTRIN_H

#include_next <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Kernels unroll what they are inlined to; the longer of these would make them too long to compile. */
#define EMULATED_SHORT(type) static inline __attribute__((always_inline, unused)) type
#define EMULATED(type) static __attribute__((noinline, unused)) type
#define EMULATED_LANES 16

typedef double emulated_doubles __attribute__((vector_size(64)));
typedef int32_t emulated_ints __attribute__((vector_size(64)));
typedef uint32_t emulated_words __attribute__((vector_size(64)));
typedef uint16_t emulated_shorts __attribute__((vector_size(64)));
typedef uint16_t emulated_short_half __attribute__((vector_size(32)));

/* All bits of the lanes whose bit is set. */
EMULATED_SHORT(emulated_ints) emulated_mask(__mmask16 mask)
{
    const emulated_ints bits = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    return ((int32_t)mask & bits) != 0;
}

EMULATED(__mmask16) emulated_mask_of(emulated_ints lanes)
{
    unsigned mask = 0;
    for (int i = 0; i < EMULATED_LANES; i++)
        mask |= (unsigned)(lanes[i] != 0) << i;
    return (__mmask16)mask;
}

EMULATED_SHORT(__m512) emulated_blend(emulated_ints mask, __m512 no, __m512 yes)
{
    return (__m512)((mask & (emulated_ints)yes) | (~mask & (emulated_ints)no));
}

/* ---- floats ---- */

EMULATED_SHORT(__m512) emulated_setzero_ps(void)
{
    return (__m512){0};
}
#define _mm512_setzero_ps emulated_setzero_ps

EMULATED(void) emulated_stream_ps(float *to, __m512 v)
{
    if ((uintptr_t)to % sizeof v != 0)
        __builtin_trap(); /* as the instruction does */
    memcpy(to, &v, sizeof v);
}
#define _mm512_stream_ps emulated_stream_ps

EMULATED(__m512) emulated_max_ps(__m512 a, __m512 b)
{
    return emulated_blend(a > b, b, a);
}
#define _mm512_max_ps emulated_max_ps

EMULATED(__m512) emulated_min_ps(__m512 a, __m512 b)
{
    return emulated_blend(a < b, b, a);
}
#define _mm512_min_ps emulated_min_ps

EMULATED(__m512) emulated_sqrt_ps(__m512 v)
{
    for (int i = 0; i < EMULATED_LANES; i++)
        v[i] = sqrtf(v[i]);
    return v;
}
#define _mm512_sqrt_ps emulated_sqrt_ps

EMULATED(__mmask16) emulated_cmp_ps_mask(__m512 a, __m512 b, int predicate)
{
    /* No others are used: an unknown one is not to pass for one of these. */
    if (predicate != _CMP_GT_OQ && predicate != _CMP_UNORD_Q)
        __builtin_trap();
    return emulated_mask_of(predicate == _CMP_GT_OQ ? a > b : (a != a) | (b != b));
}
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask emulated_cmp_ps_mask

EMULATED(__m512) emulated_maskz_mov_ps(__mmask16 mask, __m512 v)
{
    return emulated_blend(emulated_mask(mask), (__m512){0}, v);
}
#define _mm512_maskz_mov_ps emulated_maskz_mov_ps

EMULATED(__m512) emulated_mask_blend_ps(__mmask16 mask, __m512 no, __m512 yes)
{
    return emulated_blend(emulated_mask(mask), no, yes);
}
#define _mm512_mask_blend_ps emulated_mask_blend_ps

EMULATED(__m512) emulated_maskz_loadu_ps(__mmask16 mask, const void *from)
{
    __m512 v = {0};
    for (int i = 0; i < EMULATED_LANES; i++)
        if ((mask >> i & 1) != 0)
            v[i] = ((const float *)from)[i];
    return v;
}
#define _mm512_maskz_loadu_ps emulated_maskz_loadu_ps

EMULATED(void) emulated_mask_storeu_ps(void *to, __mmask16 mask, __m512 v)
{
    for (int i = 0; i < EMULATED_LANES; i++)
        if ((mask >> i & 1) != 0)
            ((float *)to)[i] = v[i];
}
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps

EMULATED(__m512) emulated_permutexvar_ps(__m512i places, __m512 v)
{
    emulated_ints from = (emulated_ints)places;
    __m512 result;
    for (int i = 0; i < EMULATED_LANES; i++)
        result[i] = v[from[i] & 15];
    return result;
}
#define _mm512_permutexvar_ps emulated_permutexvar_ps

EMULATED(__m512) emulated_permute_ps(__m512 v, int places)
{
    __m512 result;
    for (int i = 0; i < EMULATED_LANES; i++)
        result[i] = v[(i & ~3) + (places >> 2 * (i & 3) & 3)];
    return result;
}
#undef _mm512_permute_ps
#define _mm512_permute_ps emulated_permute_ps

EMULATED_SHORT(__m512) emulated_castps256_ps512(__m256 low)
{
    __m512 v = {0};
    memcpy(&v, &low, sizeof low);
    return v;
}
#define _mm512_castps256_ps512 emulated_castps256_ps512

EMULATED_SHORT(__m256) emulated_castps512_ps256(__m512 v)
{
    __m256 low;
    memcpy(&low, &v, sizeof low);
    return low;
}
#define _mm512_castps512_ps256 emulated_castps512_ps256

/* ---- doubles ---- */

EMULATED_SHORT(__m512d) emulated_castpd256_pd512(__m256d low)
{
    __m512d v = {0};
    memcpy(&v, &low, sizeof low);
    return v;
}
#define _mm512_castpd256_pd512 emulated_castpd256_pd512

EMULATED(__m256d) emulated_extractf64x4_pd(__m512d v, int half)
{
    __m256d part;
    memcpy(&part, (const char *)&v + half * (int)sizeof part, sizeof part);
    return part;
}
#undef _mm512_extractf64x4_pd
#define _mm512_extractf64x4_pd emulated_extractf64x4_pd

EMULATED(__m512d) emulated_insertf64x4(__m512d v, __m256d part, int half)
{
    memcpy((char *)&v + half * (int)sizeof part, &part, sizeof part);
    return v;
}
#undef _mm512_insertf64x4
#define _mm512_insertf64x4 emulated_insertf64x4

EMULATED(__m512d) emulated_cvtps_pd(__m256 v)
{
    return (__m512d) __builtin_convertvector(v, emulated_doubles);
}
#define _mm512_cvtps_pd emulated_cvtps_pd

EMULATED(__m256) emulated_cvtpd_ps(__m512d v)
{
    return (__m256) __builtin_convertvector((emulated_doubles)v, __m256);
}
#define _mm512_cvtpd_ps emulated_cvtpd_ps

EMULATED(__m512d) emulated_sqrt_pd(__m512d v)
{
    for (int i = 0; i < EMULATED_LANES / 2; i++)
        v[i] = sqrt(v[i]);
    return v;
}
#define _mm512_sqrt_pd emulated_sqrt_pd

/* ---- integers ---- */

EMULATED_SHORT(__m512i) emulated_set1_epi32(int x)
{
    return (__m512i)(x - (emulated_ints){0});
}
#define _mm512_set1_epi32 emulated_set1_epi32

EMULATED_SHORT(__m512i) emulated_set1_epi16(short x)
{
    return (__m512i)((uint16_t)x - (emulated_shorts){0});
}
#define _mm512_set1_epi16 emulated_set1_epi16

/* From the last to the first. */
EMULATED(__m512i) emulated_set_epi16(const uint16_t words[2 * EMULATED_LANES])
{
    emulated_shorts v;
    for (int i = 0; i < 2 * EMULATED_LANES; i++)
        v[i] = words[2 * EMULATED_LANES - 1 - i];
    return (__m512i)v;
}
#define _mm512_set_epi16(...) emulated_set_epi16((const uint16_t[]){__VA_ARGS__})

EMULATED_SHORT(__m512i) emulated_add_epi16(__m512i a, __m512i b)
{
    return (__m512i)((emulated_shorts)a + (emulated_shorts)b);
}
#define _mm512_add_epi16 emulated_add_epi16

EMULATED_SHORT(__m512i) emulated_loadu_si512(const void *from)
{
    __m512i v;
    memcpy(&v, from, sizeof v);
    return v;
}
#define _mm512_loadu_si512 emulated_loadu_si512

EMULATED_SHORT(void) emulated_storeu_si512(void *to, __m512i v)
{
    memcpy(to, &v, sizeof v);
}
#define _mm512_storeu_si512 emulated_storeu_si512

EMULATED(__m512i) emulated_permutexvar_epi16(__m512i places, __m512i v)
{
    emulated_shorts from = (emulated_shorts)places, words = (emulated_shorts)v, result;
    for (int i = 0; i < 2 * EMULATED_LANES; i++)
        result[i] = words[from[i] & 31];
    return (__m512i)result;
}
#define _mm512_permutexvar_epi16 emulated_permutexvar_epi16

EMULATED(__m512i) emulated_permutex2var_epi16(__m512i a, __m512i places, __m512i b)
{
    emulated_shorts from = (emulated_shorts)places, first = (emulated_shorts)a, second = (emulated_shorts)b,
                    result;
    for (int i = 0; i < 2 * EMULATED_LANES; i++)
        result[i] = (from[i] & 32) != 0 ? second[from[i] & 31] : first[from[i] & 31];
    return (__m512i)result;
}
#define _mm512_permutex2var_epi16 emulated_permutex2var_epi16

EMULATED(__m512i) emulated_cvtepu16_epi32(__m256i v)
{
    return (__m512i) __builtin_convertvector((emulated_short_half)v, emulated_words);
}
#define _mm512_cvtepu16_epi32 emulated_cvtepu16_epi32

EMULATED(__m256i) emulated_maskz_loadu_epi16(__mmask16 mask, const void *from)
{
    emulated_short_half v = {0};
    for (int i = 0; i < EMULATED_LANES; i++)
        if ((mask >> i & 1) != 0)
            v[i] = ((const uint16_t *)from)[i];
    return (__m256i)v;
}
#define _mm256_maskz_loadu_epi16 emulated_maskz_loadu_epi16

EMULATED(void) emulated_mask_storeu_epi16(void *to, __mmask16 mask, __m256i v)
{
    emulated_short_half words = (emulated_short_half)v;
    for (int i = 0; i < EMULATED_LANES; i++)
        if ((mask >> i & 1) != 0)
            ((uint16_t *)to)[i] = words[i];
}
#define _mm256_mask_storeu_epi16 emulated_mask_storeu_epi16

EMULATED_SHORT(void) emulated_storeu_epi16(void *to, __m256i v)
{
    memcpy(to, &v, sizeof v);
}
#define _mm256_storeu_epi16 emulated_storeu_epi16

/* ---- bfloat16 ---- */

EMULATED_SHORT(__m512) emulated_flush(__m512 v)
{
    emulated_words bits = (emulated_words)v, tiny = (emulated_words)((bits & 0x7f800000) == 0);
    return (__m512)(bits & ~(tiny & 0x7fffffff));
}

/* The nearest bfloat16, ties to even, in the lower halves of words. */
EMULATED_SHORT(emulated_words) emulated_nearest(__m512 v)
{
    emulated_words bits = (emulated_words)emulated_flush(v),
                   nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    emulated_words nan = (emulated_words)(v != v);
    return (nan & (bits >> 16 | 0x40)) | (~nan & nearest);
}

EMULATED(__m256bh) emulated_cvtneps_pbh(__m512 v)
{
    return (__m256bh) __builtin_convertvector(emulated_nearest(v), emulated_short_half);
}
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh

EMULATED(__m512bh) emulated_cvtne2ps_pbh(__m512 high, __m512 low)
{
    emulated_short_half halves[2] = {(emulated_short_half)emulated_cvtneps_pbh(low),
                                     (emulated_short_half)emulated_cvtneps_pbh(high)};
    __m512bh v;
    memcpy(&v, halves, sizeof v);
    return v;
}
#define _mm512_cvtne2ps_pbh emulated_cvtne2ps_pbh

EMULATED_SHORT(__m512) emulated_fma(__m512 a, __m512 b, __m512 c)
{
    __m256 x[2], y[2], z[2];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    memcpy(z, &c, sizeof z);
    for (int half = 0; half < 2; half++)
        z[half] = _mm256_fmadd_ps(x[half], y[half], z[half]);
    memcpy(&c, z, sizeof c);
    return emulated_flush(c);
}

/* The second of each pair first. */
EMULATED(__m512) emulated_dpbf16_ps(__m512 sum, __m512bh a, __m512bh b)
{
    emulated_words x = (emulated_words)a, y = (emulated_words)b;
    sum = emulated_fma(emulated_flush((__m512)(x & 0xffff0000)), emulated_flush((__m512)(y & 0xffff0000)),
                       emulated_flush(sum));
    return emulated_fma(emulated_flush((__m512)(x << 16)), emulated_flush((__m512)(y << 16)), sum);
}
#define _mm512_dpbf16_ps emulated_dpbf16_ps

#endif
