/* The graph: what is computed. A network, its loss, the gradients and the update are nodes of one
 * graph, built by the calls below and run by a plan (plan.h).
 *
 * Shapes exclude the batch: an activation is (H, W, C), channel fastest, a flat value (C); the plan
 * adds N in front. Errors stick: the first failing call stores the status and a message with the
 * node's full name, every later call on that graph does nothing, so builders need no error handling.
 *
 * Option structs: zero means the default in [brackets]. */
#ifndef CAIRN_GRAPH_H
#define CAIRN_GRAPH_H

#include <cairn/context.h>
#include <stdbool.h>

CAIRN_BEGIN

#define CAIRN_MAX_RANK 4
#define CAIRN_MAX_INPUTS 8

typedef struct cairn_graph cairn_graph;

/* A handle to a value of a graph; id 0 is "no value". */
typedef struct cairn_val {
    uint32_t id;
} cairn_val;

typedef struct cairn_shape {
    int rank;                    /* without the batch; 0: one number */
    int64_t dim[CAIRN_MAX_RANK]; /* (H, W, C), (C), (KH, KW, I, O), (I, O) ... */
    bool batched;                /* one of these for each image */
} cairn_shape;

/* Elements of one image of a batched value, or of the whole value. */
CAIRN_API int64_t cairn_shape_elements(const cairn_shape *shape);

CAIRN_API cairn_status cairn_graph_create(cairn_ctx *ctx, cairn_graph **graph);

/* To be called before building a network that will be trained: batch normalisation then uses the statistics
 * of the batch. */
CAIRN_API void cairn_graph_for_training(cairn_graph *graph);
CAIRN_API void cairn_graph_destroy(cairn_graph *graph);

/* Before building: parameters of the layers whose names are `layer` or begin with it and a '.' do not learn,
 * and normalisation among them uses its running statistics and leaves them alone. */
CAIRN_API void cairn_graph_freeze(cairn_graph *graph, const char *layer);

/* Before building: all dropout has this rate, whatever the network says. */
CAIRN_API void cairn_graph_set_dropout(cairn_graph *graph, float rate);

/* CAIRN_OK, or what stopped the building; the text is in the context. */
CAIRN_API cairn_status cairn_graph_status(const cairn_graph *graph);

/* Stops the building with a message of the builder's own, prefixed with the current scope. */
CAIRN_API void cairn_graph_fail(cairn_graph *graph, cairn_status status, const char *format, ...)
    CAIRN_PRINTF(3, 4);

/* Names made between enter and leave get "scope." in front; scopes nest. */
CAIRN_API void cairn_enter(cairn_graph *graph, const char *format, ...) CAIRN_PRINTF(2, 3);
CAIRN_API void cairn_leave(cairn_graph *graph);

/* ---- inputs ---- */

/* The picture as numbers, already normalised: (h, w, c). Input name "image". */
CAIRN_API cairn_val cairn_image(cairn_graph *graph, int h, int w, int c);

/* The picture as bytes; the first node turns byte b of channel k into (b / scale - mean[k]) / std[k] in
 * single precision, through a table. scale: [255]. Input name "image". */
CAIRN_API cairn_val cairn_image_bytes(cairn_graph *graph, int h, int w, int c, float scale, const float *mean,
                                      const float *std);

/* One class index (int32) for each image. Input name "labels". Made once for a graph. */
CAIRN_API cairn_val cairn_labels(cairn_graph *graph);

/* One probability for each class and image, for mixed or smoothed targets. Input name "targets". */
CAIRN_API cairn_val cairn_targets(cairn_graph *graph, int classes);

/* One factor for each image's loss. Input name "sample_weights". Made once for a graph. */
CAIRN_API cairn_val cairn_sample_weights(cairn_graph *graph);

/* Index (int64) of each image in its dataset, which random operators are keyed by. Input name "samples".
 * Made once for a graph. */
CAIRN_API cairn_val cairn_samples(cairn_graph *graph);

/* ---- parameters ---- */

typedef enum cairn_init_kind {
    CAIRN_INIT_DEFAULT, /* the operator's own: glorot_uniform for weights, zeros for biases */
    CAIRN_INIT_ZEROS,
    CAIRN_INIT_CONSTANT,       /* value */
    CAIRN_INIT_UNIFORM,        /* U(-value, value) */
    CAIRN_INIT_NORMAL,         /* N(0, value^2) */
    CAIRN_INIT_GLOROT_UNIFORM, /* U(+-sqrt(6 / (fan_in + fan_out))); Glorot and Bengio 2010 */
    CAIRN_INIT_TORCH,          /* U(+-1 / sqrt(fan_in)), weights and biases */
    CAIRN_INIT_KAIMING_NORMAL, /* N(0, 2 / fan_out); He et al. 2015 */
    CAIRN_INIT_LECUN_1998,     /* U(+-2.4 / fan_in) */
    CAIRN_INIT_CAFFE_XAVIER,   /* U(+-sqrt(3 / fan_in)) */
    CAIRN_INIT_KAIMING_FAN_IN, /* N(0, 2 / fan_in) */
    CAIRN_INIT_TRUNCATED,      /* N(0, value^2), drawn again beyond +-2 */
} cairn_init_kind;

typedef struct cairn_init {
    cairn_init_kind kind;
    float value;
} cairn_init;

/* ---- operators ----
 * `name` is the layer's name; its parameters are called "<scopes>.<name>.weight" and so on, which are
 * the keys of the weights file. Operators without parameters need no name; they are called after
 * their kind and counted ("relu", "relu_1"). */

typedef enum cairn_padding {
    CAIRN_PAD_EXPLICIT, /* .pad, or .pad_h and .pad_w, or all four sides */
    CAIRN_PAD_SAME,     /* TensorFlow: output = ceil(input / stride), the odd pixel goes after */
} cairn_padding;

typedef enum cairn_activation_kind {
    CAIRN_ACT_NONE,
    CAIRN_ACT_RELU,
    CAIRN_ACT_TANH,
    CAIRN_ACT_TANH1998, /* 1.7159 tanh(2x/3); LeCun et al. 1998 */
    CAIRN_ACT_SIGMOID,
} cairn_activation_kind;

/* Window of a convolution or pool. k, stride, pad, dilation hold for both axes; the others override. */
#define CAIRN_WINDOW_FIELDS                                                                                  \
    int unused_;                                                                                             \
    int k, k_h, k_w;                              /* kernel [none: must be given] */                         \
    int stride, stride_h, stride_w;               /* [convolution: 1, pool: kernel] */                       \
    int dilation, dilation_h, dilation_w;         /* [1] */                                                  \
    int pad, pad_h, pad_w;                        /* [0] rows above and below, columns left and right */     \
    int pad_top, pad_bottom, pad_left, pad_right; /* [0] added to pad, pad_h, pad_w */                       \
    cairn_padding padding;                        /* [explicit] */

typedef struct cairn_conv2d_options {
    CAIRN_WINDOW_FIELDS
    int groups;           /* [1] */
    bool no_bias;         /* [false] */
    const uint8_t *table; /* [NULL: all] I x O zeros and ones: which input map feeds which output map */
    cairn_init init;      /* [glorot_uniform] */
    cairn_init bias_init; /* [zeros] */
} cairn_conv2d_options;

/* Convolution (cross-correlation): (H, W, I) to (H', W', out).
 * Parameters: weight, in memory (KH, KW, I / groups, out), in files (out, I / groups, KH, KW); bias (out). */
CAIRN_API cairn_val cairn_conv2d_with(cairn_graph *graph, cairn_val x, const char *name, int out,
                                      cairn_conv2d_options options);
#define cairn_conv2d(graph, x, name, out, ...)                                                               \
    cairn_conv2d_with(graph, x, name, out, CAIRN_OPTIONS(cairn_conv2d_options, __VA_ARGS__))

typedef struct cairn_linear_options {
    int unused_;
    bool no_bias;
    cairn_init init;      /* [glorot_uniform] */
    cairn_init bias_init; /* [zeros] */
} cairn_linear_options;

/* Dense layer: (I) to (out). A value of rank 3 is flattened (H, W, C) first.
 * Parameters: weight, in memory (I, out), in files (out, I); bias (out). */
CAIRN_API cairn_val cairn_linear_with(cairn_graph *graph, cairn_val x, const char *name, int out,
                                      cairn_linear_options options);
#define cairn_linear(graph, x, name, out, ...)                                                               \
    cairn_linear_with(graph, x, name, out, CAIRN_OPTIONS(cairn_linear_options, __VA_ARGS__))

CAIRN_API cairn_val cairn_activation(cairn_graph *graph, cairn_val x, cairn_activation_kind kind);
CAIRN_API cairn_val cairn_relu(cairn_graph *graph, cairn_val x);
CAIRN_API cairn_val cairn_tanh(cairn_graph *graph, cairn_val x);
CAIRN_API cairn_val cairn_sigmoid(cairn_graph *graph, cairn_val x);

typedef struct cairn_pool_options {
    CAIRN_WINDOW_FIELDS
    bool ceil; /* [false] round the output size up; a last window that starts in the padding is dropped */
    bool exclude_padding; /* [false] average: divide by the number of real pixels. Always so with SAME */
    bool sum;             /* [false] average: do not divide */
} cairn_pool_options;

/* Pools: (H, W, C) to (H', W', C). Padding never wins a maximum; of equal values the first gets the gradient.
 */
CAIRN_API cairn_val cairn_maxpool_with(cairn_graph *graph, cairn_val x, cairn_pool_options options);
CAIRN_API cairn_val cairn_avgpool_with(cairn_graph *graph, cairn_val x, cairn_pool_options options);
#define cairn_maxpool(graph, x, ...)                                                                         \
    cairn_maxpool_with(graph, x, CAIRN_OPTIONS(cairn_pool_options, __VA_ARGS__))
#define cairn_avgpool(graph, x, ...)                                                                         \
    cairn_avgpool_with(graph, x, CAIRN_OPTIONS(cairn_pool_options, __VA_ARGS__))

/* y = x * scale[c] + bias[c]. Parameters: weight (C), bias (C). init: of the scale [1]. */
CAIRN_API cairn_val cairn_scale_bias(cairn_graph *graph, cairn_val x, const char *name, cairn_init init);

typedef struct cairn_batchnorm_options {
    int unused_;
    double eps;      /* [1e-5] */
    double momentum; /* [0.1] share of the batch in the running statistics: new = 0.9 old + 0.1 batch */
    bool biased;     /* [false] keep the batch's own variance, as Keras does, not the n / (n - 1) estimate */
    bool no_scale;   /* [false] gamma is 1 and no parameter */
    cairn_init init; /* of gamma [1] */
} cairn_batchnorm_options;

/* Batch normalisation over the last dimension; Ioffe and Szegedy 2015:
 *     y = weight * (x - mean) / sqrt(var + eps) + bias
 * mean and variance are the running statistics, or in a graph for training those of the batch, with the
 * biased variance. Parameters: weight (C), bias (C); statistics: running_mean (C), running_var (C), which the
 * update of cairn_update moves. */
CAIRN_API cairn_val cairn_batchnorm_with(cairn_graph *graph, cairn_val x, const char *name,
                                         cairn_batchnorm_options options);
#define cairn_batchnorm(graph, x, name, ...)                                                                 \
    cairn_batchnorm_with(graph, x, name, CAIRN_OPTIONS(cairn_batchnorm_options, __VA_ARGS__))

typedef struct cairn_lrn_options {
    int unused_;
    int size; /* [5] channels of a window, centred and clipped at the ends */
    double
        alpha; /* [1e-4] factor of the sum itself: what others write as alpha / size is to be divided first */
    double beta; /* [0.75] */
    double k;    /* [1] */
} cairn_lrn_options;

/* Local response normalisation across channels; Krizhevsky et al. 2012:
 *     y = x / (k + alpha * sum of x^2 over the window)^beta */
CAIRN_API cairn_val cairn_lrn_with(cairn_graph *graph, cairn_val x, cairn_lrn_options options);
#define cairn_lrn(graph, x, ...) cairn_lrn_with(graph, x, CAIRN_OPTIONS(cairn_lrn_options, __VA_ARGS__))

/* a + b, of equal shapes. */
CAIRN_API cairn_val cairn_add(cairn_graph *graph, cairn_val a, cairn_val b);

/* factor * x. */
CAIRN_API cairn_val cairn_scale(cairn_graph *graph, cairn_val x, double factor);

/* (H, W, C1), (H, W, C2) ... to (H, W, C1 + C2 + ...). count: 1 to CAIRN_MAX_INPUTS. */
CAIRN_API cairn_val cairn_concat(cairn_graph *graph, int count, const cairn_val *values);

/* Zeros around the picture: (H, W, C) to (top + H + bottom, left + W + right, C). */
CAIRN_API cairn_val cairn_zero_pad(cairn_graph *graph, cairn_val x, int top, int bottom, int left, int right);

/* Every stride-th row and column from 0, with channels of zeros before and after: the shortcut without
 * parameters of He et al. 2015 (option A). */
CAIRN_API cairn_val cairn_subsample(cairn_graph *graph, cairn_val x, int stride, int channels_before,
                                    int channels_after);

/* Mean over the pixels: (H, W, C) to (C). */
CAIRN_API cairn_val cairn_global_avgpool(cairn_graph *graph, cairn_val x);

/* Mean over windows that divide the picture into h x w parts, whatever its size: output pixel i is the mean
 * of rows floor(i * H / h) to ceil((i + 1) * H / h). The input itself where it is h x w already. */
CAIRN_API cairn_val cairn_adaptive_avgpool(cairn_graph *graph, cairn_val x, int h, int w);

/* (H, W, C) to (H * W * C), in that order. */
CAIRN_API cairn_val cairn_flatten(cairn_graph *graph, cairn_val x);

/* (H, W, C) to (C * H * W) with the channel slowest, the order in which PyTorch and Caffe flatten. */
CAIRN_API cairn_val cairn_flatten_chw(cairn_graph *graph, cairn_val x);

/* In training sets a fraction `rate` of the values to zero and multiplies the rest by 1 / (1 - rate);
 * otherwise x. Keyed by (seed, epoch, sample), see cairn_samples. */
CAIRN_API cairn_val cairn_dropout(cairn_graph *graph, cairn_val x, float rate);

/* Output layer of LeCun et al. 1998: minus the squared distances to fixed codes, so that the largest value
 * wins as with logits. x (I), codes classes x I, copied. */
CAIRN_API cairn_val cairn_rbf(cairn_graph *graph, cairn_val x, const char *name, int classes,
                              const float *codes);

/* ---- outputs ---- */

/* Marks a value as a result of the graph: it is computed and can be read after a run. */
CAIRN_API void cairn_output(cairn_graph *graph, cairn_val x, const char *name);

/* Marks logits as those of an auxiliary head: output "<name>_logits". In training `weight` times its
 * cross-entropy joins the loss (cairn_auxiliary_losses). At most CAIRN_MAX_HEADS. */
#define CAIRN_MAX_HEADS 4
CAIRN_API void cairn_auxiliary_head(cairn_graph *graph, cairn_val logits, const char *name, double weight);

/* All auxiliary heads so far get this weight. */
CAIRN_API void cairn_auxiliary_weight(cairn_graph *graph, double weight);

/* The value named so by cairn_output, or an input of that name; id 0 if there is none. */
CAIRN_API cairn_val cairn_find(const cairn_graph *graph, const char *name);

/* The shape of a value; rank 0 for a handle that is none of this graph. */
CAIRN_API cairn_shape cairn_shape_of(const cairn_graph *graph, cairn_val x);

/* ---- training ---- */

typedef struct cairn_loss_options {
    int unused_;
    float smoothing; /* [0] share of the target spread evenly over all classes */
    bool rubbish; /* [false] one more class, of logit -rubbish_margin, is never right: the MAP loss of 1998 */
    float rubbish_margin;
    bool weighted; /* [false] multiplies each image's loss by the input "sample_weights" */
} cairn_loss_options;

/* Sum of a per-image loss and `weight` times another one. */
CAIRN_API cairn_val cairn_loss_sum(cairn_graph *graph, cairn_val loss, cairn_val other, double weight);

/* Softmax and cross-entropy. targets is cairn_labels or cairn_targets. Gives one loss for each image. */
CAIRN_API cairn_val cairn_cross_entropy(cairn_graph *graph, cairn_val logits, cairn_val targets,
                                        cairn_loss_options options);

/* losses plus the weighted cross-entropies of all auxiliary heads. */
CAIRN_API cairn_val cairn_auxiliary_losses(cairn_graph *graph, cairn_val losses, cairn_val targets,
                                           cairn_loss_options options);

/* Mean over the images of a run: one number. */
CAIRN_API cairn_val cairn_mean(cairn_graph *graph, cairn_val per_image);

typedef enum cairn_optimizer {
    CAIRN_SGD,
    CAIRN_RMSPROP, /* TensorFlow's, of Inception v3: eps in the root, mean squares begin at 1 */
    CAIRN_ADAM,
    CAIRN_ADAMW,
    CAIRN_LARS,
    CAIRN_LAMB,
} cairn_optimizer;

typedef struct cairn_update_options {
    int unused_;
    cairn_optimizer optimizer; /* [SGD] */
    double momentum;           /* [0] SGD, RMSProp, LARS */
    double dampening;          /* [0] SGD */
    bool nesterov;             /* [false] SGD, LARS */
    double weight_decay;       /* [0] */
    double decay;              /* [0.9] RMSProp: of the mean squares */
    double beta1, beta2;       /* [0.9, 0.999] Adam, AdamW, LAMB */
    double eps;                /* [RMSProp 1, Adam and AdamW 1e-8, LAMB 1e-6] */
    double trust;              /* [0.001] LARS */
    double clip_norm;          /* [none] gradients are scaled down to this norm of all of them together */
    double clip_value;         /* [none] every number of a gradient is brought into +-clip_value */
    double average;  /* [none] decay of a moving average of parameters and statistics: "<name>/average" among
                      * the optimiser's tensors */
    bool accumulate; /* [false] a step may take several runs: cairn_run_options.part */
} cairn_update_options;

/* Adds the gradients of `loss` (one number) with respect to all trainable parameters. A parameter's gradient
 * is the output "<parameter>/grad". */
CAIRN_API void cairn_differentiate(cairn_graph *graph, cairn_val loss);

/* Adds the optimiser's update of every parameter that has a gradient, behind one check: when the loss or any
 * gradient is not finite, nothing changes and the output "finite" is 0. Learning rate and number of the
 * update are given to each run. After cairn_differentiate. SGD: w -= lr * v, v = momentum * v + (1 -
 * dampening) * (g + decay * w), in the first update v = g + decay * w; the others: src/ops/NAME/NAME.c. */
CAIRN_API void cairn_update(cairn_graph *graph, cairn_val loss, cairn_update_options options);

/* Learning rate and decay factors of the parameters whose names begin with `prefix` ("" is all). Factor 0 of
 * the rate freezes them. To be called before cairn_differentiate. */
CAIRN_API void cairn_param_group(cairn_graph *graph, const char *prefix, float lr_factor, float decay_factor);

/* ---- looking at a graph ---- */

typedef struct cairn_node_info {
    const char *name;  /* full name with scopes */
    const char *op;    /* "conv2d", "linear", "activation", "maxpool", ... */
    const char *label; /* what people call it: "Conv2D", "Tanh", "MaxPooling2D", ... */
    char detail[96];   /* "5x5, stride 1, same", for humans */
    int inputs;
    cairn_val input[CAIRN_MAX_INPUTS]; /* parameters excluded */
    cairn_val output;
    cairn_shape shape; /* of the output */
    int64_t params;    /* numbers to train */
    int64_t buffers;   /* numbers that are statistics */
    int64_t macs;      /* multiply-accumulates for one image; convolutions and dense layers only */
    int k_h, k_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left; /* window, or 0 */
} cairn_node_info;

/* Nodes that a reader of the network cares about (no parameters, no gradients), in order of computation. */
CAIRN_API int cairn_node_count(const cairn_graph *graph);
CAIRN_API cairn_node_info cairn_node_at(const cairn_graph *graph, int index);

typedef struct cairn_param_info {
    const char *name;
    cairn_shape shape;             /* as in memory */
    bool trainable;                /* neither a statistic nor frozen */
    float lr_factor, decay_factor; /* cairn_param_group */
    int64_t fan_in, fan_out;
} cairn_param_info;

CAIRN_API int cairn_param_count(const cairn_graph *graph);
CAIRN_API cairn_param_info cairn_param_at(const cairn_graph *graph, int index);

/* Writes the graph as text, a node a line; for tests and debugging. Returns the length it would have. */
CAIRN_API size_t cairn_graph_print(const cairn_graph *graph, char *text, size_t size);

CAIRN_END

#endif
