/* The attributes of the operators. A graph builder fills them in; an operator's infer() completes the fields
 * marked "completed". An operator that is not listed has none (attr_size 0). */
#ifndef CAIRN_OPS_ATTRS_H
#define CAIRN_OPS_ATTRS_H

#include "ops/op.h"

/* input, constant, variable: where a value comes from. */
typedef struct cairn_source_attrs {
    cairn_value_type type;
} cairn_source_attrs;

/* The window of a convolution or pool, begins the attributes of both. The builder gives kernel, stride,
 * dilation (all >= 1) and, unless padding is SAME, the pads. Outside the input lie zeros, or nothing for
 * pools. */
typedef struct cairn_window_attrs {
    cairn_window window; /* completed: pads of SAME */
    cairn_padding padding;
    bool ceil;            /* pools: round the output size up */
    int32_t in_h, in_w;   /* completed */
    int32_t out_h, out_w; /* completed */
} cairn_window_attrs;

/* conv2d (x, w (KH, KW, I / groups, O)[, bias (O)]); conv2d_bwd_data (dy, w); conv2d_bwd_weights (x, dy). */
typedef struct cairn_conv2d_attrs {
    cairn_window_attrs geometry;
    int32_t groups;
    cairn_activation_kind act; /* applied to the output; set by the plan's fusion, builders leave it NONE */
    int32_t in_c;              /* completed */
} cairn_conv2d_attrs;

/* linear (x (I), w (I, O)[, bias (O)]). linear_bwd_data (dy, w) and linear_bwd_weights (x, dy) have none. */
typedef struct cairn_linear_attrs {
    cairn_activation_kind act; /* as in cairn_conv2d_attrs */
} cairn_linear_attrs;

/* scale_bias (x, scale (C)[, bias (C)]). */
typedef struct cairn_scale_bias_attrs {
    cairn_activation_kind act; /* as in cairn_conv2d_attrs */
} cairn_scale_bias_attrs;

/* add (a, b). */
typedef struct cairn_add_attrs {
    cairn_activation_kind act; /* as in cairn_conv2d_attrs */
} cairn_add_attrs;

/* activation (x); activation_bwd (y, dy), from the output alone. */
typedef struct cairn_activation_attrs {
    cairn_activation_kind kind;
} cairn_activation_attrs;

/* What an average pool divides by. */
typedef enum cairn_divisor {
    CAIRN_DIVISOR_WINDOW, /* pixels of the window, padding included, clipped to the padded picture */
    CAIRN_DIVISOR_PIXELS, /* pixels of the window that are real; infer() takes it with SAME */
    CAIRN_DIVISOR_ONE,    /* sum */
} cairn_divisor;

/* maxpool (x); maxpool_bwd (x, y, dy); avgpool (x); avgpool_bwd (dy). Dilation must be 1 for average pools.
 */
typedef struct cairn_pool_attrs {
    cairn_window_attrs geometry;
    cairn_divisor divisor; /* average; completed */
} cairn_pool_attrs;

/* slice (x): channels first ... first + count - 1. concat has none. */
typedef struct cairn_slice_attrs {
    int32_t first, count;
} cairn_slice_attrs;

/* zero_pad (x); zero_pad_bwd (dy). */
typedef struct cairn_zero_pad_attrs {
    int32_t top, bottom, left, right;
} cairn_zero_pad_attrs;

/* subsample (x); subsample_bwd (dy): channels of zeros before and after. */
typedef struct cairn_subsample_attrs {
    int32_t stride, before, after;
    int32_t in_h, in_w; /* completed */
} cairn_subsample_attrs;

/* adaptive_avgpool (x); adaptive_avgpool_bwd (dy). */
typedef struct cairn_adaptive_attrs {
    int32_t out_h, out_w;
    int32_t in_h, in_w; /* completed */
} cairn_adaptive_attrs;

/* scale (x). */
typedef struct cairn_scale_attrs {
    double factor;
} cairn_scale_attrs;

/* batchnorm (x, beta, mean, var[, gamma]); batchnorm_train (x, sums, squares, beta[, gamma[, addend]]);
 * batchnorm_sums (x, dy, sums, squares, beta[, gamma]); batchnorm_bwd (x, dy, sums, squares, sum of dy, sum
 * of dy * xhat, beta[, gamma]), both with an act that is NONE or RELU: dy is the gradient of act(y);
 * batchnorm_update (mean, var, sums, squares, finite flag). */
typedef struct cairn_batchnorm_attrs {
    double eps, momentum;
    bool biased, no_scale;
    int64_t pixels;            /* of an image */
    cairn_activation_kind act; /* as in cairn_conv2d_attrs */
} cairn_batchnorm_attrs;

/* lrn (x); lrn_bwd (x, dy). */
typedef struct cairn_lrn_attrs {
    int32_t size;
    double alpha, beta, k;
} cairn_lrn_attrs;

/* convert (x). */
typedef struct cairn_convert_attrs {
    cairn_element to;
} cairn_convert_attrs;

/* fold_batchnorm (w, beta, mean, var[, gamma][, bias]) -> w, bias. */
typedef struct cairn_fold_batchnorm_attrs {
    double eps;
    bool no_scale, has_bias;
} cairn_fold_batchnorm_attrs;

/* dropout (x, samples INT64); dropout_bwd (dy, samples). */
typedef struct cairn_dropout_attrs {
    float rate;
    uint32_t slot; /* which dropout layer of the graph, from 0 */
} cairn_dropout_attrs;

/* cross_entropy (logits (classes), targets[, sample weights]): targets is one INT32 for each image or REAL
 * (classes). cross_entropy_bwd (logits, targets, d_loss[, sample weights]). */
typedef struct cairn_cross_entropy_attrs {
    double smoothing;
    bool rubbish;
    double rubbish_margin;
    bool soft; /* completed: targets are probabilities */
} cairn_cross_entropy_attrs;

/* reshape (x): the same elements in another shape; the gradient of flatten. */
typedef struct cairn_reshape_attrs {
    cairn_shape shape;
} cairn_reshape_attrs;

/* finite (a[, b ...]) -> one INT32, 1 if all numbers are finite. Flags of other such nodes count by what they
 * say, so that nodes form a tree over any number of values. No attributes. */

/* Begins the attributes of every optimiser's update; see ops/update.h. */
#define CAIRN_UPDATE_FIELDS                                                                                  \
    double lr_factor;    /* of the parameter's group */                                                      \
    double weight_decay; /* times the group's factor */                                                      \
    double clip_norm;    /* of all gradients together; 0: no limit */                                        \
    double clip_value;   /* of each number of the gradient; 0: no limit */

typedef struct cairn_update_attrs {
    CAIRN_UPDATE_FIELDS
} cairn_update_attrs;

/* sgd (w, gradient, velocity, finite flag[, squares]) -> w, velocity, in place. */
typedef struct cairn_sgd_attrs {
    CAIRN_UPDATE_FIELDS
    double momentum, dampening;
    bool nesterov;
} cairn_sgd_attrs;

/* rmsprop (w, gradient, mean square, velocity, finite flag[, squares]) -> w, mean square, velocity. */
typedef struct cairn_rmsprop_attrs {
    CAIRN_UPDATE_FIELDS
    double decay; /* of the mean square */
    double eps, momentum;
    double first; /* mean square before the first step */
} cairn_rmsprop_attrs;

/* adam (w, gradient, mean, mean square, finite flag[, squares]) -> w, mean, mean square; lamb likewise. */
typedef struct cairn_adam_attrs {
    CAIRN_UPDATE_FIELDS
    double beta1, beta2, eps;
    bool decoupled; /* the decay pulls at the weights, not at the gradient: AdamW */
} cairn_adam_attrs;

/* lars (w, gradient, velocity, finite flag[, squares]) -> w, velocity. */
typedef struct cairn_lars_attrs {
    CAIRN_UPDATE_FIELDS
    double momentum, trust;
    bool nesterov;
} cairn_lars_attrs;

/* square_sum (a[, b ...]) -> one number. */
typedef struct cairn_square_sum_attrs {
    bool chained; /* the first input is the sum of another such node */
} cairn_square_sum_attrs;

/* average (shadow, w, finite flag) -> shadow, in place. */
typedef struct cairn_average_attrs {
    double decay;
} cairn_average_attrs;

#endif
