/* The pass over pictures that all forms of batch normalisation come down to, vectorised over channels:
 *     y = act(a x + c)  or  y = a x + b z + c,  with a, b and c for each channel
 * in doubles, which the kernels keep in their scratch memory, a whole number of vectors of each. */
#ifndef CAIRN_OPS_BATCHNORM_AFFINE_H
#define CAIRN_OPS_BATCHNORM_AFFINE_H

#include "ops/batchnorm/channels.h"
#include "ops/simd/functions.h"
#include "ops/simd/wide.h"

static inline size_t cairn_affine_room(int64_t channels)
{
    return cairn_align((size_t)channels, CAIRN_LANES);
}

static inline size_t cairn_affine_bytes(int64_t channels, size_t rows)
{
    return rows * cairn_affine_room(channels) * sizeof(double);
}

/* Row `row` of the numbers in the scratch memory. */
static inline double *cairn_affine_numbers(const cairn_work *work, int64_t channels, size_t row)
{
    return (double *)(void *)work->scratch + row * cairn_affine_room(channels);
}

typedef struct cairn_affine {
    const double *a, *b, *c;
    cairn_activation_kind act;
} cairn_affine;

CAIRN_INLINE vec cairn_affine_vec(const cairn_affine *t, const cairn_activation_kind act, const bool two,
                                  int64_t c, vec x, vec z)
{
    wide sum = wide_multiply_add(wide_of(x), wide_load(t->a + c), wide_load(t->c + c));
    if (two)
        sum = wide_multiply_add(wide_of(z), wide_load(t->b + c), sum);
    return vec_activate(act, wide_round(sum));
}

CAIRN_INLINE void cairn_affine_pixel(const cairn_affine *t, const cairn_activation_kind act, const bool two,
                                     const real *x, const real *z, real *y, int64_t channels)
{
    int64_t c = 0;
    for (; c + CAIRN_LANES <= channels; c += CAIRN_LANES)
        vec_store(y + c, cairn_affine_vec(t, act, two, c, vec_load(x + c), two ? vec_load(z + c) : (vec){0}));
    if (c < channels) {
        vec_mask part = vec_first(channels - c);
        vec last = two ? vec_load_part(z + c, part) : (vec){0};
        vec_store_part(y + c, cairn_affine_vec(t, act, two, c, vec_load_part(x + c, part), last), part);
    }
}

/* The units of the work, bands of rows of y; z may be NULL. */
CAIRN_INLINE void cairn_affine_units(const cairn_work *work, const cairn_affine *t,
                                     const cairn_activation_kind act, const cairn_operand *x,
                                     const cairn_operand *z)
{
    const cairn_operand *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        const real *from = cairn_image_of(x, band.image);
        const real *other = z != NULL ? cairn_image_of(z, band.image) : NULL;
        real *to = cairn_image_of(y, band.image);
        for (int64_t pixel = band.begin * y->w; pixel < band.end * y->w; pixel++)
            cairn_affine_pixel(t, act, z != NULL, from + pixel * x->pitch,
                               z != NULL ? other + pixel * z->pitch : NULL, to + pixel * y->pitch, y->c);
    }
}

static inline void cairn_affine_activate(const cairn_work *work, const cairn_affine *t)
{
    const cairn_operand *x = &work->in[0];
    switch (t->act) {
    case CAIRN_ACT_NONE:
        cairn_affine_units(work, t, CAIRN_ACT_NONE, x, NULL);
        break;
    case CAIRN_ACT_RELU:
        cairn_affine_units(work, t, CAIRN_ACT_RELU, x, NULL);
        break;
    case CAIRN_ACT_TANH:
        cairn_affine_units(work, t, CAIRN_ACT_TANH, x, NULL);
        break;
    case CAIRN_ACT_TANH1998:
        cairn_affine_units(work, t, CAIRN_ACT_TANH1998, x, NULL);
        break;
    case CAIRN_ACT_SIGMOID:
        cairn_affine_units(work, t, CAIRN_ACT_SIGMOID, x, NULL);
        break;
    }
}

#endif
