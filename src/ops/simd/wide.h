/* Vectors of numbers held as doubles: a vec in two halves. Sums over many pixels and normalisation are
 * computed so; they wait for memory anyway, and then nothing is lost. */
#ifndef CAIRN_OPS_SIMD_WIDE_H
#define CAIRN_OPS_SIMD_WIDE_H

#include "ops/simd/vector.h"
#include <math.h>

typedef double dvec __attribute__((vector_size(CAIRN_VECTOR_BYTES)));

typedef struct wide {
    dvec low, high;
} wide;

/* From and to a vec in registers: a vector stored in halves and loaded as a whole, or the other way round,
 * waits for its stores. The longest by instruction, since some compilers halve them. */
#if defined(CAIRN_SIMD_AVX512)
CAIRN_INLINE wide wide_of(vec v)
{
    __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd((__m512d)v, 1));
    return (wide){(dvec)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v)), (dvec)_mm512_cvtps_pd(high)};
}

CAIRN_INLINE vec wide_round(wide w)
{
    __m256d low = _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)w.low)),
            high = _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)w.high));
    return (vec)_mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
}
#else
typedef float half_vec __attribute__((vector_size(CAIRN_VECTOR_BYTES / 2)));

/* Lane numbers of the halves. */
#if CAIRN_LANES == 8
#define CAIRN_LOW_HALF 0, 1, 2, 3
#define CAIRN_HIGH_HALF 4, 5, 6, 7
#else
#define CAIRN_LOW_HALF 0, 1
#define CAIRN_HIGH_HALF 2, 3
#endif

CAIRN_INLINE wide wide_of(vec v)
{
    half_vec low = __builtin_shufflevector(v, v, CAIRN_LOW_HALF);
    half_vec high = __builtin_shufflevector(v, v, CAIRN_HIGH_HALF);
    return (wide){__builtin_convertvector(low, dvec), __builtin_convertvector(high, dvec)};
}

CAIRN_INLINE vec wide_round(wide w)
{
    half_vec low = __builtin_convertvector(w.low, half_vec), high = __builtin_convertvector(w.high, half_vec);
    return __builtin_shufflevector(low, high, CAIRN_LOW_HALF, CAIRN_HIGH_HALF);
}
#endif

CAIRN_INLINE wide wide_load(const double *p)
{
    wide w;
    memcpy(&w, p, sizeof w);
    return w;
}

CAIRN_INLINE wide wide_add(wide a, wide b)
{
    return (wide){a.low + b.low, a.high + b.high};
}

CAIRN_INLINE wide wide_subtract(wide a, wide b)
{
    return (wide){a.low - b.low, a.high - b.high};
}

CAIRN_INLINE wide wide_multiply(wide a, wide b)
{
    return (wide){a.low * b.low, a.high * b.high};
}

/* a * b + c */
CAIRN_INLINE wide wide_multiply_add(wide a, wide b, wide c)
{
    return (wide){a.low * b.low + c.low, a.high * b.high + c.high};
}

CAIRN_INLINE void wide_store(double *p, wide w)
{
    memcpy(p, &w, sizeof w);
}

CAIRN_INLINE dvec dvec_sqrt(dvec v)
{
#if defined(CAIRN_SIMD_AVX512)
    return (dvec)_mm512_sqrt_pd((__m512d)v);
#elif defined(CAIRN_SIMD_AVX2)
    return (dvec)_mm256_sqrt_pd((__m256d)v);
#else
    for (int i = 0; i < CAIRN_LANES / 2; i++)
        v[i] = sqrt(v[i]);
    return v;
#endif
}

#endif
