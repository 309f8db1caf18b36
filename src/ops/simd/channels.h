/* Sums over images and pixels, one for each channel. They are kept in double, so that no digits are lost over
 * millions of pixels; unless they are to be exact, those of a few neighbouring pixels are made in floats. */
#ifndef CAIRN_OPS_SIMD_CHANNELS_H
#define CAIRN_OPS_SIMD_CHANNELS_H

#include "ops/real.h"
#include "ops/simd/wide.h"

typedef enum cairn_channel_term {
    CAIRN_TERM_X,        /* x */
    CAIRN_TERM_PRODUCT,  /* x z */
    CAIRN_TERM_SQUARE,   /* (x - mean)^2 */
    CAIRN_TERM_GRADIENT, /* z, and z (x - mean) in the second sum */
} cairn_channel_term;

/* Doubles of each channel in a kernel's scratch memory, rows of whole vectors. */
static inline size_t cairn_channel_bytes(int64_t channels, size_t rows)
{
    return rows * cairn_align((size_t)channels, CAIRN_LANES) * sizeof(double);
}

static inline double *cairn_channel_row(const cairn_work *work, int64_t channels, size_t row)
{
    return (double *)(void *)work->scratch + row * cairn_align((size_t)channels, CAIRN_LANES);
}

/* What is summed: pixels of x and z, which run on over images. */
typedef struct cairn_channel_pass {
    const real *x, *z;
    int64_t x_pitch, z_pitch, pixels;
    const double *mean; /* whole vectors of them */
    real *activations;  /* where sums go that are activations; NULL: they are parameters */
    bool exact;
} cairn_channel_pass;

static inline cairn_channel_pass cairn_channel_pass_of(const cairn_work *work, const cairn_operand *x,
                                                       const cairn_operand *z)
{
    return (cairn_channel_pass){.x = cairn_image_of(x, work->begin),
                                .z = z != NULL ? cairn_image_of(z, work->begin) : NULL,
                                .x_pitch = x->pitch,
                                .z_pitch = z != NULL ? z->pitch : 0,
                                .pixels = (work->end - work->begin) * x->h * x->w,
                                .exact = work->site->exact};
}

CAIRN_INLINE void cairn_channel_add(const cairn_channel_pass *p, const cairn_channel_term term, int64_t pixel,
                                    int64_t c, vec_mask mask, wide *sum, wide *second)
{
    wide x = wide_of(vec_load_part(p->x + pixel * p->x_pitch + c, mask)), z = {{0}, {0}};
    if (term == CAIRN_TERM_PRODUCT || term == CAIRN_TERM_GRADIENT)
        z = wide_of(vec_load_part(p->z + pixel * p->z_pitch + c, mask));
    if (term == CAIRN_TERM_SQUARE || term == CAIRN_TERM_GRADIENT)
        x = wide_subtract(x, wide_load(p->mean + c));
    if (term == CAIRN_TERM_X)
        *sum = wide_add(*sum, x);
    else if (term == CAIRN_TERM_SQUARE)
        *sum = wide_multiply_add(x, x, *sum);
    else if (term == CAIRN_TERM_PRODUCT)
        *sum = wide_multiply_add(x, z, *sum);
    else
        *sum = wide_add(*sum, z);
    if (term == CAIRN_TERM_GRADIENT)
        *second = wide_multiply_add(x, z, *second);
}

/* The same for some pixels, in floats. */
CAIRN_INLINE void cairn_channel_add_floats(const cairn_channel_pass *p, const cairn_channel_term term,
                                           int64_t pixel, const int pixels, int64_t c, vec_mask mask,
                                           wide *sum, wide *second)
{
    bool centred = term == CAIRN_TERM_SQUARE || term == CAIRN_TERM_GRADIENT;
    vec mean = centred ? wide_round(wide_load(p->mean + c)) : (vec){0}, first = {0}, other = {0};
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++) {
        vec x = vec_load_part(p->x + (pixel + k) * p->x_pitch + c, mask) - mean, z = {0};
        if (term == CAIRN_TERM_PRODUCT || term == CAIRN_TERM_GRADIENT)
            z = vec_load_part(p->z + (pixel + k) * p->z_pitch + c, mask);
        first += term == CAIRN_TERM_X         ? x
                 : term == CAIRN_TERM_SQUARE  ? x * x
                 : term == CAIRN_TERM_PRODUCT ? x * z
                                              : z;
        if (term == CAIRN_TERM_GRADIENT)
            other += x * z;
    }
    *sum = wide_add(*sum, wide_of(first));
    if (term == CAIRN_TERM_GRADIENT)
        *second = wide_add(*second, wide_of(other));
}

/* Memory is read in its order: pixel after pixel, so many vectors of channels of each. */
#define CAIRN_CHANNEL_VECTORS 32
#define CAIRN_CHANNEL_PIXELS 8 /* at a time, so that the sums are fetched and stored more rarely */

typedef struct cairn_channel_block {
    wide sum[CAIRN_CHANNEL_VECTORS], second[CAIRN_CHANNEL_VECTORS];
} cairn_channel_block;

/* Adds some pixels for the channels from `first` on, of which there are `count`. */
CAIRN_INLINE void cairn_channel_pixels(const cairn_channel_pass *p, const cairn_channel_term term,
                                       int64_t pixel, int64_t first, int64_t count,
                                       cairn_channel_block *block, const int pixels, const bool exact)
{
    for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
        vec_mask mask = vec_first(count - v * CAIRN_LANES);
        wide sum = {{0}, {0}}, second = {{0}, {0}};
        if (exact) {
            for (int k = 0; k < pixels; k++)
                cairn_channel_add(p, term, pixel + k, first + v * CAIRN_LANES, mask, &sum, &second);
        } else {
            cairn_channel_add_floats(p, term, pixel, pixels, first + v * CAIRN_LANES, mask, &sum, &second);
        }
        block->sum[v] = wide_add(block->sum[v], sum);
        if (term == CAIRN_TERM_GRADIENT)
            block->second[v] = wide_add(block->second[v], second);
    }
}

/* All pixels. */
CAIRN_INLINE void cairn_channel_all(const cairn_channel_pass *p, const cairn_channel_term term, int64_t first,
                                    int64_t count, cairn_channel_block *block, const bool exact)
{
    int64_t pixel = 0;
    for (; pixel + CAIRN_CHANNEL_PIXELS <= p->pixels; pixel += CAIRN_CHANNEL_PIXELS)
        cairn_channel_pixels(p, term, pixel, first, count, block, CAIRN_CHANNEL_PIXELS, exact);
    for (; pixel < p->pixels; pixel++)
        cairn_channel_pixels(p, term, pixel, first, count, block, 1, exact);
}

/* All channels. `factor` multiplies the first sums, `rstd`, whole vectors of numbers or NULL, the second. */
CAIRN_INLINE void cairn_channel_sums(const cairn_channel_pass *p, const cairn_channel_term term,
                                     int64_t channels, double factor, const double *rstd, param *to,
                                     param *to_second)
{
    cairn_channel_block block;
    for (int64_t first = 0, count; first < channels; first += count) {
        count = cairn_min(channels - first, CAIRN_CHANNEL_VECTORS * CAIRN_LANES);
        for (int64_t v = 0; v * CAIRN_LANES < count; v++)
            block.sum[v] = block.second[v] = (wide){{0}, {0}};
        if (p->exact)
            cairn_channel_all(p, term, first, count, &block, true);
        else
            cairn_channel_all(p, term, first, count, &block, false);
        for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
            int64_t at = first + v * CAIRN_LANES;
            vec_mask mask = vec_first(channels - at);
            wide sum = block.sum[v], second = block.second[v];
            vec rounded = wide_round((wide){sum.low * factor, sum.high * factor});
            if (p->activations != NULL)
                vec_store_part(p->activations + at, rounded, mask);
            else
                vec_store_part(to + at, rounded, mask);
            if (term != CAIRN_TERM_GRADIENT)
                continue;
            wide scale = wide_load(rstd + at);
            vec_store_part(to_second + at,
                           wide_round((wide){second.low * scale.low, second.high * scale.high}), mask);
        }
    }
}

#endif
