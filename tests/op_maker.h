/* What the makers of random calls share: the call that is being made, and what shapes and numbers it may
 * have. */
#ifndef CAIRN_TESTS_OP_MAKER_H
#define CAIRN_TESTS_OP_MAKER_H

#include "op_harness.h"
#include <math.h>
#include <string.h>

typedef struct maker {
    int index;
    bool small;
    cairn_ctx *ctx;
    op_random *random;
    op_call *call;
} maker;

static inline int64_t range(maker *m, int64_t low, int64_t high)
{
    return op_random_range(m->random, low, high);
}

static inline bool chance(maker *m, int of)
{
    return range(m, 1, of) == 1;
}

static inline cairn_shape per_image(int rank, int64_t a, int64_t b, int64_t c)
{
    return (cairn_shape){.rank = rank, .dim = {a, b, c}, .batched = true};
}

static inline op_tensor *input(maker *m, cairn_shape shape)
{
    op_tensor *tensor = &m->call->in[m->call->inputs++];
    *tensor = op_tensor_new(shape, CAIRN_REAL, m->call->run.n);
    op_tensor_fill(tensor, m->random);
    return tensor;
}

static inline void absent(maker *m)
{
    m->call->in[m->call->inputs++] = (op_tensor){0};
}

/* Weights of such a size that sums of that many products stay near one. */
static inline void weights(maker *m, cairn_shape shape, int64_t terms)
{
    op_tensor *tensor = input(m, shape);
    for (int64_t i = 0; i < op_tensor_count(tensor); i++)
        tensor->data[i] /= sqrt((double)terms);
}

static inline op_tensor *integers(maker *m, cairn_shape shape, cairn_element element, int64_t low,
                                  int64_t high)
{
    op_tensor *tensor = input(m, shape);
    tensor->type.element = element;
    for (int64_t i = 0; i < op_tensor_count(tensor); i++)
        tensor->data[i] = (double)range(m, low, high);
    return tensor;
}

/* Channel counts around the widths of vectors and tiles. */
static inline int64_t channels(maker *m)
{
    static const int64_t odd[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 48, 65, 120};
    return m->small ? range(m, 1, 5) : odd[range(m, 0, CAIRN_COUNT(odd) - 1)];
}

static inline int64_t size(maker *m)
{
    return m->small ? range(m, 1, 6) : chance(m, 8) ? range(m, 20, 40) : range(m, 1, 14);
}

static inline cairn_activation_kind any_activation(maker *m)
{
    return (cairn_activation_kind)range(m, 0, CAIRN_ACT_SIGMOID);
}

static inline cairn_shape any_shape(maker *m)
{
    switch (range(m, 0, 3)) {
    case 0:
        return per_image(1, channels(m) * range(m, 1, 3), 0, 0);
    case 1:
        return (cairn_shape){.rank = 2, .dim = {size(m), channels(m) * (m->small ? 1 : 40)}};
    default:
        return per_image(3, size(m), size(m), channels(m));
    }
}

static inline cairn_shape image_shape(maker *m)
{
    return chance(m, 4) ? per_image(1, channels(m), 0, 0) : per_image(3, size(m), size(m), channels(m));
}

static inline cairn_window random_window(maker *m, bool dilated)
{
    return (cairn_window){
        .k_h = (int32_t)range(m, 1, 5),
        .k_w = (int32_t)range(m, 1, 5),
        .stride_h = (int32_t)range(m, 1, chance(m, 2) ? 1 : 3),
        .stride_w = (int32_t)range(m, 1, chance(m, 2) ? 1 : 3),
        .dilation_h = dilated && chance(m, 4) ? 2 : 1,
        .dilation_w = dilated && chance(m, 4) ? 2 : 1,
    };
}

static inline void random_padding(maker *m, cairn_window_attrs *a)
{
    if (chance(m, 4)) {
        a->padding = CAIRN_PAD_SAME;
    } else if (chance(m, 2)) {
        a->window.pad_top = (int32_t)range(m, 0, a->window.k_h);
        a->window.pad_bottom = (int32_t)range(m, 0, a->window.k_h);
        a->window.pad_left = (int32_t)range(m, 0, a->window.k_w);
        a->window.pad_right = (int32_t)range(m, 0, a->window.k_w);
    }
}

/* op_cases_convolutions.c */
void op_make_conv2d(maker *m);
void op_make_conv2d_bwd(maker *m);
void op_make_linear(maker *m);
void op_make_linear_bwd_data(maker *m);
void op_make_linear_bwd_weights(maker *m);

/* op_cases_pictures.c */
void op_make_picture(maker *m);
void op_make_concat(maker *m);
void op_make_slice(maker *m);
void op_make_zero_pad(maker *m);
void op_make_subsample(maker *m);
void op_make_from_flat(maker *m);
void op_make_adaptive(maker *m);
void op_make_scale(maker *m);
void op_make_lrn(maker *m);
void op_make_batchnorm(maker *m);
void op_make_fold_batchnorm(maker *m);

/* op_cases_update.c */
void op_make_sgd(maker *m);
void op_make_lars(maker *m);
void op_make_rmsprop(maker *m);
void op_make_adam(maker *m);
void op_make_average(maker *m);
void op_make_square_sum(maker *m);
void op_make_finite(maker *m);
void op_make_accumulate(maker *m);
void op_make_gate(maker *m);

#endif
