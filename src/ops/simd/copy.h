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
