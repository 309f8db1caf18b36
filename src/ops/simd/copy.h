/* What operators that arrange pictures do: copying and clearing pixels, whole runs of them where they touch.
 */
#ifndef CAIRN_OPS_SIMD_COPY_H
#define CAIRN_OPS_SIMD_COPY_H

#include "ops/real.h"
#include "ops/simd/vector.h"

/* A pixel's channels, mostly few, which memcpy would take longer to think about: as they are, and to and from
 * floats, which some kernels work in. */
#define CAIRN_COPY(name, to_type, from_type)                                                                 \
    CAIRN_INLINE void name(to_type *to, const from_type *from, int64_t c)                                    \
    {                                                                                                        \
        int64_t i = 0;                                                                                       \
        for (; i + CAIRN_LANES <= c; i += CAIRN_LANES)                                                       \
            vec_store(to + i, vec_load(from + i));                                                           \
        if (i < c) {                                                                                         \
            vec_mask part = vec_first(c - i);                                                                \
            vec_store_part(to + i, vec_load_part(from + i, part), part);                                     \
        }                                                                                                    \
    }
CAIRN_COPY(cairn_copy_pixel, real, real)
CAIRN_COPY(cairn_widen_pixel, float, real)
CAIRN_COPY(cairn_narrow_pixel, real, float)
#undef CAIRN_COPY

#if defined(CAIRN_STORE_BF16)
/* Channels of two pixels to words, the first in the lower half; less than a vector of them is filled up with
 * zeros. */
CAIRN_INLINE void cairn_pair_pixel(float *to, const real *first, const real *second, int64_t channels)
{
    int64_t c = 0;
#if defined(CAIRN_SIMD_AVX512)
    const __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7,
                                         38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0),
                  high = _mm512_add_epi16(low, _mm512_set1_epi16(CAIRN_LANES));
    for (; c + 2 * CAIRN_LANES <= channels; c += 2 * CAIRN_LANES) {
        __m512i a = _mm512_loadu_si512(first + c), b = _mm512_loadu_si512(second + c);
        _mm512_storeu_si512(to + c, _mm512_permutex2var_epi16(a, low, b));
        _mm512_storeu_si512(to + c + CAIRN_LANES, _mm512_permutex2var_epi16(a, high, b));
    }
#endif
    for (; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        uvec lower = (uvec)vec_bits(vec_load_part(first + c, mask)) >> 16;
        vec_store(to + c, vec_from_bits((ivec)lower | vec_bits(vec_load_part(second + c, mask))));
    }
}
#endif

CAIRN_INLINE void cairn_clear_pixel(real *to, int64_t c)
{
    int64_t i = 0;
    for (; i + CAIRN_LANES <= c; i += CAIRN_LANES)
        vec_store(to + i, (vec){0});
    if (i < c)
        vec_store_part(to + i, (vec){0}, vec_first(c - i));
}

CAIRN_INLINE void cairn_copy_run(real *to, int64_t to_pitch, const real *from, int64_t from_pitch,
                                 int64_t pixels, int64_t c)
{
    if (to_pitch == c && from_pitch == c) {
        memcpy(to, from, (size_t)(pixels * c) * sizeof *to);
        return;
    }
    for (int64_t i = 0; i < pixels; i++)
        cairn_copy_pixel(to + i * to_pitch, from + i * from_pitch, c);
}

CAIRN_INLINE void cairn_clear_run(real *to, int64_t pitch, int64_t pixels, int64_t c)
{
    for (int64_t i = 0; i < pixels; i++)
        cairn_clear_pixel(to + i * pitch, c);
}

#endif
