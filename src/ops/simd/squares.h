/* Sums of squares in a fixed order: lanes over blocks, blocks in double. */
#ifndef CAIRN_OPS_SIMD_SQUARES_H
#define CAIRN_OPS_SIMD_SQUARES_H

#include "ops/simd/update.h"

#define CAIRN_SQUARES_BLOCK 1024

CAIRN_INLINE double vec_squares_of_block(const float *x, vec_clip clip, int64_t count)
{
    vec sum = {0};
    int64_t i = 0;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES) {
        vec v = vec_clipped(clip, vec_load(x + i));
        sum += v * v;
    }
    if (i < count) {
        vec v = vec_clipped(clip, vec_load_part(x + i, vec_first(count - i)));
        sum += v * v;
    }
    double total = 0;
    for (int lane = 0; lane < CAIRN_LANES; lane++)
        total += (double)sum[lane];
    return total;
}

/* Of what is left after the clip. */
static inline double vec_squares(const float *x, vec_clip clip, int64_t count)
{
    double total = 0;
    for (int64_t i = 0; i < count; i += CAIRN_SQUARES_BLOCK)
        total += vec_squares_of_block(x + i, clip, cairn_min(CAIRN_SQUARES_BLOCK, count - i));
    return total;
}

#endif
