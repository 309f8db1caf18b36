/* The pass over pictures that all forms of batch normalisation come down to, vectorised over channels:
 *     y = act(b (x - mean) + c), or with z added: act(z + (b (x - mean) + c))
 *     y = a z + (b (x - mean) + c), where z may count only where a (x - mean) + gate > 0
 * with mean, a, b, c and gate for each channel in floats, of which the mean is two: x - mean then errs by a
 * rounding of the difference alone, however large the mean is beside it. */
#ifndef CAIRN_OPS_BATCHNORM_AFFINE_H
#define CAIRN_OPS_BATCHNORM_AFFINE_H

#include "ops/batchnorm/channels.h"
#include "ops/simd/functions.h"
#include "ops/simd/stream.h"

/* Numbers of each channel, a whole number of vectors of each kind. */
typedef struct cairn_affine {
    float *high, *low; /* the mean */
    float *a, *b, *c, *gate;
} cairn_affine;

#define CAIRN_AFFINE_ROWS 6

typedef enum cairn_affine_form {
    CAIRN_AFFINE_X,
    CAIRN_AFFINE_X_Z,
    CAIRN_AFFINE_X_AZ,
    CAIRN_AFFINE_X_GATED_AZ
} cairn_affine_form;

static inline int64_t cairn_affine_room(int64_t channels)
{
    return (int64_t)cairn_align((size_t)channels, CAIRN_LANES);
}

/* Scratch memory for them. */
static inline size_t cairn_affine_bytes(int64_t channels)
{
    return CAIRN_AFFINE_ROWS * (size_t)cairn_affine_room(channels) * sizeof(float);
}

static inline cairn_affine cairn_affine_of(const cairn_work *work, int64_t channels)
{
    float *rows = (float *)(void *)work->scratch;
    int64_t room = cairn_affine_room(channels);
    return (cairn_affine){.high = rows,
                          .low = rows + room,
                          .a = rows + 2 * room,
                          .b = rows + 3 * room,
                          .c = rows + 4 * room,
                          .gate = rows + 5 * room};
}

static inline void cairn_affine_mean(const cairn_affine *t, int64_t channel, double mean)
{
    t->high[channel] = (float)mean;
    t->low[channel] = (float)(mean - (double)t->high[channel]);
}

CAIRN_INLINE vec cairn_affine_vec(const cairn_affine *t, const cairn_activation_kind act,
                                  const cairn_affine_form form, int64_t c, vec x, vec z)
{
    vec centred = (x - vec_load(t->high + c)) - vec_load(t->low + c), a = vec_load(t->a + c);
    vec sum = centred * vec_load(t->b + c) + vec_load(t->c + c);
    if (form == CAIRN_AFFINE_X_GATED_AZ)
        z = vec_select(centred * a + vec_load(t->gate + c) > 0.0f, z, vec_set(0.0f));
    if (form == CAIRN_AFFINE_X_Z)
        sum = z + sum;
    else if (form != CAIRN_AFFINE_X)
        sum = z * a + sum;
    return vec_activate(act, sum);
}

CAIRN_INLINE void cairn_affine_pixel(const cairn_affine *t, const cairn_activation_kind act,
                                     const cairn_affine_form form, const real *x, const real *z, real *y,
                                     int64_t channels, const bool stream)
{
    bool two = form != CAIRN_AFFINE_X;
    int64_t c = 0;
    for (; c + CAIRN_LANES <= channels; c += CAIRN_LANES)
        vec_put(y + c, cairn_affine_vec(t, act, form, c, vec_load(x + c), two ? vec_load(z + c) : (vec){0}),
                stream);
    if (c < channels) {
        vec_mask part = vec_first(channels - c);
        vec last = two ? vec_load_part(z + c, part) : (vec){0};
        vec_store_part(y + c, cairn_affine_vec(t, act, form, c, vec_load_part(x + c, part), last), part);
    }
}

CAIRN_INLINE void cairn_affine_bands(const cairn_work *work, const cairn_affine *t,
                                     const cairn_activation_kind act, const cairn_affine_form form,
                                     const cairn_operand *x, const cairn_operand *z, const bool stream)
{
    const cairn_operand *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        const real *from = cairn_image_of(x, band.image);
        const real *other = z != NULL ? cairn_image_of(z, band.image) : NULL;
        real *to = cairn_image_of(y, band.image);
        for (int64_t pixel = band.begin * y->w; pixel < band.end * y->w; pixel++)
            cairn_affine_pixel(t, act, form, from + pixel * x->pitch,
                               z != NULL ? other + pixel * z->pitch : NULL, to + pixel * y->pitch, y->c,
                               stream);
    }
}

/* The units of the work, bands of rows of y; z is NULL where the form has none. */
CAIRN_INLINE void cairn_affine_units(const cairn_work *work, const cairn_affine *t,
                                     const cairn_activation_kind act, const cairn_affine_form form,
                                     const cairn_operand *x, const cairn_operand *z)
{
    if (cairn_may_stream(work)) {
        cairn_affine_bands(work, t, act, form, x, z, true);
        vec_stream_end();
    } else {
        cairn_affine_bands(work, t, act, form, x, z, false);
    }
}

CAIRN_INLINE void cairn_affine_activated(const cairn_work *work, const cairn_affine *t,
                                         const cairn_activation_kind act, const cairn_operand *addend)
{
    if (addend != NULL)
        cairn_affine_units(work, t, act, CAIRN_AFFINE_X_Z, &work->in[0], addend);
    else
        cairn_affine_units(work, t, act, CAIRN_AFFINE_X, &work->in[0], NULL);
}

/* With an activation; addend may be NULL. */
static inline void cairn_affine_activate(const cairn_work *work, const cairn_affine *t,
                                         cairn_activation_kind act, const cairn_operand *addend)
{
    switch (act) {
    case CAIRN_ACT_NONE:
        cairn_affine_activated(work, t, CAIRN_ACT_NONE, addend);
        break;
    case CAIRN_ACT_RELU:
        cairn_affine_activated(work, t, CAIRN_ACT_RELU, addend);
        break;
    case CAIRN_ACT_TANH:
        cairn_affine_activated(work, t, CAIRN_ACT_TANH, addend);
        break;
    case CAIRN_ACT_TANH1998:
        cairn_affine_activated(work, t, CAIRN_ACT_TANH1998, addend);
        break;
    case CAIRN_ACT_SIGMOID:
        cairn_affine_activated(work, t, CAIRN_ACT_SIGMOID, addend);
        break;
    }
}

#endif
