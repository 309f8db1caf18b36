/* Sums over images and pixels, one for each channel. They are kept in double, so that no digits are lost over
 * millions of pixels; unless they are to be exact, those of a few neighbouring pixels are made in floats. */
#ifndef CAIRN_OPS_SIMD_CHANNELS_H
#define CAIRN_OPS_SIMD_CHANNELS_H

#include "ops/real.h"
#include "ops/simd/wide.h"

typedef enum cairn_channel_term {
    CAIRN_TERM_X,         /* x */
    CAIRN_TERM_PRODUCT,   /* x z */
    CAIRN_TERM_DEVIATION, /* x - mean, and its square in the second sum */
    CAIRN_TERM_GRADIENT,  /* z, and z (x - mean - low) in the second sum */
    CAIRN_TERM_GATED,     /* the same where factor (x - mean - low) + shift > 0 */
} cairn_channel_term;

static inline bool cairn_channel_of_gradient(const cairn_channel_term term)
{
    return term == CAIRN_TERM_GRADIENT || term == CAIRN_TERM_GATED;
}

static inline bool cairn_channel_has_z(const cairn_channel_term term)
{
    return term == CAIRN_TERM_PRODUCT || cairn_channel_of_gradient(term);
}

static inline bool cairn_channel_has_second(const cairn_channel_term term)
{
    return term == CAIRN_TERM_DEVIATION || cairn_channel_of_gradient(term);
}

/* x - mean, with a mean of two floats: it errs by a rounding of the difference alone, however large the mean
 * is beside it. Of x in bfloat16 the first is exact enough. */
CAIRN_INLINE vec cairn_centred(vec x, vec high, vec low)
{
    return sizeof(real) < sizeof(float) ? x - high : (x - high) - low;
}

/* Bytes in a kernel's scratch memory for a number of `bytes` for each channel, in whole vectors. */
static inline size_t cairn_channel_bytes(int64_t channels, size_t bytes)
{
    return cairn_align((size_t)channels, CAIRN_LANES) * bytes;
}

/* What is summed: pixels of x and z, which run on over images; and whole vectors of numbers that terms want.
 */
typedef struct cairn_channel_pass {
    const real *x, *z;
    int64_t x_pitch, z_pitch, pixels;
    const float *mean, *low, *factor, *shift;
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

/* What a pixel has for the two sums; x is the deviation where the term wants it. */
typedef struct cairn_channel_pair {
    vec x, z;
} cairn_channel_pair;

CAIRN_INLINE cairn_channel_pair cairn_channel_load(const cairn_channel_pass *p, const cairn_channel_term term,
                                                   const real *x, const real *z, int64_t c, vec_mask mask)
{
    cairn_channel_pair pair = {vec_load_part(x, mask), {0}};
    if (cairn_channel_has_z(term))
        pair.z = vec_load_part(z, mask);
    if (term == CAIRN_TERM_DEVIATION)
        pair.x = pair.x - vec_load(p->mean + c);
    if (cairn_channel_of_gradient(term))
        pair.x = cairn_centred(pair.x, vec_load(p->mean + c), vec_load(p->low + c));
    if (term == CAIRN_TERM_GATED) {
        vec y = pair.x * vec_load(p->factor + c) + vec_load(p->shift + c);
        pair.z = vec_select(y > 0.0f, pair.z, vec_set(0.0f));
    }
    return pair;
}

CAIRN_INLINE void cairn_channel_add(const cairn_channel_term term, cairn_channel_pair pair, wide *sum,
                                    wide *second)
{
    wide x = wide_of(pair.x), z = wide_of(pair.z);
    if (term == CAIRN_TERM_PRODUCT)
        *sum = wide_multiply_add(x, z, *sum);
    else
        *sum = wide_add(*sum, cairn_channel_of_gradient(term) ? z : x);
    if (cairn_channel_has_second(term))
        *second = wide_multiply_add(x, term == CAIRN_TERM_DEVIATION ? x : z, *second);
}

/* The same for some pixels from x and z on, in floats. As many behind them are asked for with `ahead`: pixel
 * after pixel, these are more streams than processors foresee. To the second cache, for which they are not
 * too many. */
CAIRN_INLINE void cairn_channel_add_floats(const cairn_channel_pass *p, const cairn_channel_term term,
                                           const real *x, const real *z, const int pixels, int64_t c,
                                           vec_mask mask, bool ahead, wide *sum, wide *second)
{
    vec first[2] = {{0}, {0}}, other[2] = {{0}, {0}};
    const int step = pixels % 4 == 0 ? 4 : 1;
    for (int k = 0; k < pixels; k += step) {
        CAIRN_UNROLL
        for (int i = 0; i < step; i++, x += p->x_pitch, z += p->z_pitch) {
            cairn_channel_pair pair = cairn_channel_load(p, term, x, z, c, mask);
            if (ahead) {
                __builtin_prefetch(x + pixels * p->x_pitch, 0, 2);
                if (cairn_channel_has_z(term))
                    __builtin_prefetch(z + pixels * p->z_pitch, 0, 2);
            }
            first[i % 2] += term == CAIRN_TERM_PRODUCT        ? pair.x * pair.z
                            : cairn_channel_of_gradient(term) ? pair.z
                                                              : pair.x;
            if (cairn_channel_has_second(term))
                other[i % 2] += pair.x * (term == CAIRN_TERM_DEVIATION ? pair.x : pair.z);
        }
    }
    *sum = wide_add(*sum, wide_of(first[0] + first[1]));
    if (cairn_channel_has_second(term))
        *second = wide_add(*second, wide_of(other[0] + other[1]));
}

/* Memory is read in its order: pixel after pixel, so many vectors of channels of each. */
#define CAIRN_CHANNEL_VECTORS 32
/* At a time, so that the sums are fetched and stored more rarely. */
#define CAIRN_CHANNEL_PIXELS (sizeof(real) < sizeof(float) ? 16 : 8)

typedef struct cairn_channel_block {
    wide sum[CAIRN_CHANNEL_VECTORS], second[CAIRN_CHANNEL_VECTORS];
} cairn_channel_block;

/* Adds some pixels for the channels from `first` on, of which there are `count`. */
CAIRN_INLINE void cairn_channel_pixels(const cairn_channel_pass *p, const cairn_channel_term term,
                                       int64_t pixel, int64_t first, int64_t count,
                                       cairn_channel_block *block, const int pixels, const bool exact)
{
    for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
        int64_t c = first + v * CAIRN_LANES;
        vec_mask mask = vec_first(count - v * CAIRN_LANES);
        wide sum = {{0}, {0}}, second = {{0}, {0}};
        const real *x = p->x + pixel * p->x_pitch + c;
        const real *z = cairn_channel_has_z(term) ? p->z + pixel * p->z_pitch + c : x;
        bool line = c * (int64_t)sizeof(real) % CAIRN_LINE_BYTES == 0;
        if (exact) {
            for (int k = 0; k < pixels; k++, x += p->x_pitch, z += p->z_pitch)
                cairn_channel_add(term, cairn_channel_load(p, term, x, z, c, mask), &sum, &second);
        } else {
            cairn_channel_add_floats(p, term, x, z, pixels, c, mask, line && pixel + 2 * pixels <= p->pixels,
                                     &sum, &second);
        }
        block->sum[v] = wide_add(block->sum[v], sum);
        if (cairn_channel_has_second(term))
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

/* The sums of the channels from `first` on, as many as a block has or there are, which is returned. */
CAIRN_INLINE int64_t cairn_channel_block_of(const cairn_channel_pass *p, const cairn_channel_term term,
                                            int64_t first, int64_t channels, cairn_channel_block *block)
{
    int64_t count = cairn_min(channels - first, CAIRN_CHANNEL_VECTORS * CAIRN_LANES);
    for (int64_t v = 0; v * CAIRN_LANES < count; v++)
        block->sum[v] = block->second[v] = (wide){{0}, {0}};
    if (p->exact)
        cairn_channel_all(p, term, first, count, block, true);
    else
        cairn_channel_all(p, term, first, count, block, false);
    return count;
}

/* The sums of all channels, of terms that have one; `factor` multiplies them. They go to parameters, or to
 * activations if these are not NULL. */
CAIRN_INLINE void cairn_channel_sums(const cairn_channel_pass *p, const cairn_channel_term term,
                                     int64_t channels, double factor, param *to, real *activations)
{
    cairn_channel_block block;
    for (int64_t first = 0, count; first < channels; first += count) {
        count = cairn_channel_block_of(p, term, first, channels, &block);
        for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
            int64_t c = first + v * CAIRN_LANES;
            vec_mask mask = vec_first(channels - c);
            vec sum = wide_round((wide){block.sum[v].low * factor, block.sum[v].high * factor});
            if (activations != NULL)
                vec_store_part(activations + c, sum, mask);
            else
                vec_store_part(to + c, sum, mask);
        }
    }
}

#endif
