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
        pair.z = vec_gate(y, pair.z);
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

/* Memory is read in its order, which is what processors foresee: pixel after pixel, so many vectors of
 * channels of each. */
#define CAIRN_CHANNEL_VECTORS 128
/* Pixels whose sums are made in floats. */
#define CAIRN_CHANNEL_PIXELS (sizeof(real) < sizeof(float) ? 16 : 8)
/* Pixels of fewer bytes than a few lines are taken some at a time, so that sums are fetched more rarely. */
#define CAIRN_CHANNEL_NARROW 512
#define CAIRN_CHANNEL_STEP 4

typedef struct cairn_channel_block {
    wide sum[CAIRN_CHANNEL_VECTORS], second[CAIRN_CHANNEL_VECTORS];
} cairn_channel_block;

typedef struct cairn_channel_floats {
    vec sum[CAIRN_CHANNEL_VECTORS], second[CAIRN_CHANNEL_VECTORS];
} cairn_channel_floats;

/* Adds one pixel for the channels from `first` on, of which there are `count`. */
CAIRN_INLINE void cairn_channel_add_exactly(const cairn_channel_pass *p, const cairn_channel_term term,
                                            int64_t pixel, int64_t first, int64_t count,
                                            cairn_channel_block *block)
{
    const real *x = p->x + pixel * p->x_pitch + first;
    const real *z = cairn_channel_has_z(term) ? p->z + pixel * p->z_pitch + first : x;
    for (int64_t v = 0, c = 0; c < count; v++, c += CAIRN_LANES) {
        cairn_channel_pair pair = cairn_channel_load(p, term, x + c, z + c, first + c, vec_first(count - c));
        cairn_channel_add(term, pair, &block->sum[v], &block->second[v]);
    }
}

/* Adds some pixels to sums in floats. */
CAIRN_INLINE void cairn_channel_add_step(const cairn_channel_pass *p, const cairn_channel_term term,
                                         int64_t pixel, int64_t first, int64_t count,
                                         cairn_channel_floats *sums, const int pixels)
{
    const real *x = p->x + pixel * p->x_pitch + first;
    const real *z = cairn_channel_has_z(term) ? p->z + pixel * p->z_pitch + first : x;
    for (int64_t v = 0, c = 0; c < count; v++, c += CAIRN_LANES) {
        vec_mask mask = vec_first(count - c);
        vec sum = sums->sum[v], second = sums->second[v];
        CAIRN_UNROLL
        for (int k = 0; k < pixels; k++) {
            cairn_channel_pair pair =
                cairn_channel_load(p, term, x + k * p->x_pitch + c, z + k * p->z_pitch + c, first + c, mask);
            sum += term == CAIRN_TERM_PRODUCT        ? pair.x * pair.z
                   : cairn_channel_of_gradient(term) ? pair.z
                                                     : pair.x;
            second += pair.x * (term == CAIRN_TERM_DEVIATION ? pair.x : pair.z);
        }
        sums->sum[v] = sum;
        if (cairn_channel_has_second(term))
            sums->second[v] = second;
    }
}

/* Adds CAIRN_CHANNEL_PIXELS, so many at a time, by sums in floats that are 0 before and after. */
CAIRN_INLINE void cairn_channel_add_floats(const cairn_channel_pass *p, const cairn_channel_term term,
                                           int64_t pixel, int64_t first, int64_t count,
                                           cairn_channel_floats *sums, cairn_channel_block *block,
                                           const int step)
{
    for (int k = 0; k < (int)CAIRN_CHANNEL_PIXELS; k += step)
        cairn_channel_add_step(p, term, pixel + k, first, count, sums, step);
    for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
        block->sum[v] = wide_add(block->sum[v], wide_of(sums->sum[v]));
        if (cairn_channel_has_second(term))
            block->second[v] = wide_add(block->second[v], wide_of(sums->second[v]));
        sums->sum[v] = sums->second[v] = (vec){0};
    }
}

/* All pixels, for which the sums are 0 before. */
CAIRN_INLINE void cairn_channel_all(const cairn_channel_pass *p, const cairn_channel_term term, int64_t first,
                                    int64_t count, cairn_channel_block *block)
{
    cairn_channel_floats sums;
    int64_t pixel = 0;
    bool narrow = count * (int64_t)sizeof(real) < CAIRN_CHANNEL_NARROW;
    for (int64_t v = 0; v * CAIRN_LANES < count; v++)
        sums.sum[v] = sums.second[v] = (vec){0};
    for (; !p->exact && pixel + CAIRN_CHANNEL_PIXELS <= p->pixels; pixel += CAIRN_CHANNEL_PIXELS)
        if (narrow)
            cairn_channel_add_floats(p, term, pixel, first, count, &sums, block, CAIRN_CHANNEL_STEP);
        else
            cairn_channel_add_floats(p, term, pixel, first, count, &sums, block, 1);
    for (; pixel < p->pixels; pixel++)
        cairn_channel_add_exactly(p, term, pixel, first, count, block);
}

/* The sums of the channels from `first` on, as many as a block has or there are, which is returned. */
CAIRN_INLINE int64_t cairn_channel_block_of(const cairn_channel_pass *p, const cairn_channel_term term,
                                            int64_t first, int64_t channels, cairn_channel_block *block)
{
    int64_t count = cairn_min(channels - first, CAIRN_CHANNEL_VECTORS * CAIRN_LANES);
    for (int64_t v = 0; v * CAIRN_LANES < count; v++)
        block->sum[v] = block->second[v] = (wide){{0}, {0}};
    cairn_channel_all(p, term, first, count, block);
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
