/* The pass over pictures that all forms of batch normalisation come down to, vectorised over channels:
 *     y = act(b (x - mean) + c), or with z added: act(z + (b (x - mean) + c))
 *     y = a z + (b (x - mean) + c), where z may count only where a (x - mean) + gate > 0
 * with mean, a, b, c and gate for each channel in floats, of which the mean is two, see cairn_centred. */
#ifndef CAIRN_OPS_BATCHNORM_AFFINE_H
#define CAIRN_OPS_BATCHNORM_AFFINE_H

#include "ops/batchnorm/channels.h"
#include "ops/simd/channels.h"
#include "ops/simd/functions.h"
#include "ops/simd/stream.h"

/* Numbers of each channel, a whole number of vectors of each kind. */
typedef struct cairn_affine {
    float *high, *low; /* the mean */
    float *a, *b, *c, *gate;
} cairn_affine;

#define CAIRN_AFFINE_ROWS 6
#define CAIRN_AFFINE_VECTORS 2 /* of channels, whose numbers stay in registers from pixel to pixel */

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

/* Sets the mean of a vector's channels. */
CAIRN_INLINE void cairn_affine_mean(const cairn_affine *t, int64_t c, wide mean)
{
    vec high = wide_round(mean);
    vec_store(t->high + c, high);
    vec_store(t->low + c, wide_round(wide_subtract(mean, wide_of(high))));
}

/* What cairn_norm_of says, of a vector's channels, of which those of the mask are there. */
typedef struct cairn_affine_norm {
    wide mean, rstd, factor, beta;
} cairn_affine_norm;

CAIRN_INLINE wide cairn_affine_numbers(const cairn_operand *numbers, int64_t c, vec_mask mask)
{
    return wide_of(vec_load_part(cairn_params_of(numbers) + c, mask));
}

CAIRN_INLINE cairn_affine_norm cairn_affine_norm_of(const cairn_work *work, int statistics, int beta,
                                                    int64_t c, vec_mask mask)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    double n = cairn_norm_count(work, &work->in[0]), eps = attrs->eps;
    wide sum = cairn_affine_numbers(&work->in[statistics], c, mask),
         squares = cairn_affine_numbers(&work->in[statistics + 1], c, mask);
    cairn_affine_norm norm = {
        .mean = {sum.low / n, sum.high / n},
        .rstd = {1.0 / dvec_sqrt(squares.low / n + eps), 1.0 / dvec_sqrt(squares.high / n + eps)},
        .beta = cairn_affine_numbers(&work->in[beta], c, mask)};
    norm.factor = norm.rstd;
    if (!attrs->no_scale)
        norm.factor = wide_multiply(norm.rstd, cairn_affine_numbers(&work->in[beta + 1], c, mask));
    return norm;
}

/* Those of a vector of channels. */
typedef struct cairn_affine_vector {
    vec high, low, a, b, c, gate;
} cairn_affine_vector;

CAIRN_INLINE cairn_affine_vector cairn_affine_load(const cairn_affine *t, int64_t c)
{
    return (cairn_affine_vector){vec_load(t->high + c), vec_load(t->low + c), vec_load(t->a + c),
                                 vec_load(t->b + c),    vec_load(t->c + c),   vec_load(t->gate + c)};
}

CAIRN_INLINE vec cairn_affine_apply(const cairn_affine_vector *t, const cairn_activation_kind act,
                                    const cairn_affine_form form, vec x, vec z)
{
    vec centred = cairn_centred(x, t->high, t->low);
    vec sum = centred * t->b + t->c;
    if (form == CAIRN_AFFINE_X_GATED_AZ)
        z = vec_gate(centred * t->a + t->gate, z);
    if (form == CAIRN_AFFINE_X_Z)
        sum = z + sum;
    else if (form != CAIRN_AFFINE_X)
        sum = z * t->a + sum;
    return vec_activate(act, sum);
}

/* Some pixels of a pass. */
typedef struct cairn_affine_pixels {
    const real *x, *z;
    real *y;
    int64_t x_pitch, z_pitch, y_pitch, count;
} cairn_affine_pixels;

/* So many whole vectors of channels. */
CAIRN_INLINE void cairn_affine_vectors(const cairn_affine *t, const cairn_activation_kind act,
                                       const cairn_affine_form form, const cairn_affine_pixels *p, int64_t c,
                                       const int vectors, const bool stream)
{
    cairn_affine_vector numbers[CAIRN_AFFINE_VECTORS];
    CAIRN_UNROLL
    for (int v = 0; v < vectors; v++)
        numbers[v] = cairn_affine_load(t, c + v * CAIRN_LANES);
    for (int64_t k = 0; k < p->count; k++) {
        CAIRN_UNROLL
        for (int v = 0; v < vectors; v++) {
            int64_t at = c + v * CAIRN_LANES;
            vec z = form == CAIRN_AFFINE_X ? (vec){0} : vec_load(p->z + k * p->z_pitch + at);
            vec x = vec_load(p->x + k * p->x_pitch + at);
            vec_put(p->y + k * p->y_pitch + at, cairn_affine_apply(&numbers[v], act, form, x, z), stream);
        }
    }
}

/* The channels from c on, less than a vector. */
CAIRN_INLINE void cairn_affine_rest(const cairn_affine *t, const cairn_activation_kind act,
                                    const cairn_affine_form form, const cairn_affine_pixels *p, int64_t c,
                                    vec_mask mask)
{
    cairn_affine_vector numbers = cairn_affine_load(t, c);
    for (int64_t k = 0; k < p->count; k++) {
        vec z = form == CAIRN_AFFINE_X ? (vec){0} : vec_load_part(p->z + k * p->z_pitch + c, mask);
        vec x = vec_load_part(p->x + k * p->x_pitch + c, mask);
        vec_store_part(p->y + k * p->y_pitch + c, cairn_affine_apply(&numbers, act, form, x, z), mask);
    }
}

/* Memory is read in its order: pixel after pixel, of many channels. */
CAIRN_INLINE void cairn_affine_bands(const cairn_work *work, const cairn_affine *t,
                                     const cairn_activation_kind act, const cairn_affine_form form,
                                     const cairn_operand *x, const cairn_operand *z, const bool stream)
{
    const cairn_operand *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        int64_t first = band.begin * y->w, end = band.end * y->w;
        cairn_affine_pixels p = {.x_pitch = x->pitch, .y_pitch = y->pitch};
        p.z_pitch = z != NULL ? z->pitch : 0;
        p.count = y->c <= CAIRN_AFFINE_VECTORS * CAIRN_LANES ? end - first : 1;
        for (int64_t pixel = first; pixel < end; pixel += p.count) {
            p.x = cairn_image_of(x, band.image) + pixel * p.x_pitch;
            p.z = z != NULL ? cairn_image_of(z, band.image) + pixel * p.z_pitch : NULL;
            p.y = cairn_image_of(y, band.image) + pixel * p.y_pitch;
            int64_t c = 0;
            for (; c + CAIRN_AFFINE_VECTORS * CAIRN_LANES <= y->c; c += CAIRN_AFFINE_VECTORS * CAIRN_LANES)
                cairn_affine_vectors(t, act, form, &p, c, CAIRN_AFFINE_VECTORS, stream);
            for (; c + CAIRN_LANES <= y->c; c += CAIRN_LANES)
                cairn_affine_vectors(t, act, form, &p, c, 1, stream);
            if (c < y->c)
                cairn_affine_rest(t, act, form, &p, c, vec_first(y->c - c));
        }
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
