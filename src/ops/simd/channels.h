/* Sums over images and pixels, one for each channel: of x, or of x * z. Four sums run side by side, so that
 * additions need not wait for each other; they are joined at the end of each image. */
#ifndef CAIRN_OPS_SIMD_CHANNELS_H
#define CAIRN_OPS_SIMD_CHANNELS_H

#include "ops/real.h"
#include "ops/simd/vector.h"

CAIRN_INLINE vec cairn_channel_term(const float *x, const float *z, vec_mask mask)
{
    vec v = vec_load_part(x, mask);
    return z != NULL ? v * vec_load_part(z, mask) : v;
}

/* The sum over one image of the channels in the mask. z may be NULL. */
CAIRN_INLINE vec cairn_channel_image(const float *x, int64_t x_pitch, const float *z, int64_t z_pitch,
                                     int64_t pixels, vec_mask mask)
{
    vec sum[4] = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (; i + 4 <= pixels; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] +=
                cairn_channel_term(x + (i + k) * x_pitch, z != NULL ? z + (i + k) * z_pitch : NULL, mask);
    for (; i < pixels; i++)
        sum[0] += cairn_channel_term(x + i * x_pitch, z != NULL ? z + i * z_pitch : NULL, mask);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

CAIRN_INLINE void cairn_channel_sums(const cairn_work *work, const cairn_operand *x, const cairn_operand *z)
{
    float *sums = cairn_image_of(&work->out[0], 0);
    for (int64_t c = 0; c < x->c; c += CAIRN_LANES) {
        vec_mask mask = vec_first(x->c - c);
        vec sum = {0};
        for (int64_t n = work->begin; n < work->end; n++)
            sum += cairn_channel_image(cairn_image_of(x, n) + c, x->pitch,
                                       z != NULL ? cairn_image_of(z, n) + c : NULL, z != NULL ? z->pitch : 0,
                                       x->h * x->w, mask);
        vec_store_part(sums + c, sum, mask);
    }
}

#endif
