/* ResNet v2: K. He, X. Zhang, S. Ren, J. Sun, "Identity mappings in deep residual networks", 2016.
 * Normalisation and activation stand before each convolution, and nothing follows the sum, so that a shortcut
 * passes its values through the whole network unchanged. Three codes are followed: Keras' (the tutorial's),
 * timm's, and the authors' for CIFAR. */
#include "models/named.h"
#include "models/preprocess.h"
#include "models/residual.h"
#include "models/resnetv2_stories.h"
#include <stdio.h>

#define EXPANSION 4 /* a bottleneck's output, in its inner widths */
#define NAME_BYTES 48

/* ---- construction ---- */

typedef struct style {
    bool keras; /* its names, biases, statistics, zeros in the stem's pool, strides in the last block */
    bool small; /* pictures of 32 x 32 */
    bool stride_first; /* in a bottleneck's first 1x1, not in its 3x3 */
} style;

typedef struct design {
    const style *style;
    int blocks[CAIRN_RESIDUAL_STAGES]; /* in each stage; 0 ends them */
    int width;                         /* of the first stage; each later one has twice as much */
    bool bottleneck;
} design;

typedef struct network {
    cairn_graph *graph;
    const design *design;
    const style *style;
    bool pad, centred; /* option A, and its kind, where the shape changes; else a projection */
    cairn_batchnorm_options norm;
    cairn_init init;
} network;

/* Where in the network a block is; all counted from 0. */
typedef struct place {
    const network *net;
    int stage, block;
} place;

/* The name of layer `number` of a block. Keras writes conv2_block1_2_conv, others conv2 in the block's scope;
 * 0 is the shortcut's convolution. Keras counts the normalisations from the second one. */
static void conv_name(const place *at, int number, char name[NAME_BYTES])
{
    if (at->net->style->keras)
        snprintf(name, NAME_BYTES, "conv%d_block%d_%d_conv", at->stage + 2, at->block + 1, number);
    else if (number == 0)
        snprintf(name, NAME_BYTES, "downsample.conv");
    else
        snprintf(name, NAME_BYTES, "conv%d", number);
}

static void norm_name(const place *at, int number, char name[NAME_BYTES])
{
    if (!at->net->style->keras)
        snprintf(name, NAME_BYTES, "norm%d", number);
    else if (number == 1)
        snprintf(name, NAME_BYTES, "conv%d_block%d_preact_bn", at->stage + 2, at->block + 1);
    else
        snprintf(name, NAME_BYTES, "conv%d_block%d_%d_bn", at->stage + 2, at->block + 1, number - 1);
}

/* ReLU `number` (1: the one before the branch), or the block's sum, which Keras calls _out. */
static void plain_name(const place *at, int number, const char *what, char name[NAME_BYTES])
{
    if (number == 0)
        snprintf(name, NAME_BYTES, "conv%d_block%d_%s", at->stage + 2, at->block + 1, what);
    else if (number == 1)
        snprintf(name, NAME_BYTES, "conv%d_block%d_preact_%s", at->stage + 2, at->block + 1, what);
    else
        snprintf(name, NAME_BYTES, "conv%d_block%d_%d_%s", at->stage + 2, at->block + 1, number - 1, what);
}

static cairn_val convolve(const place *at, cairn_val x, int number, int out, int k, int stride)
{
    char name[NAME_BYTES];
    conv_name(at, number, name);
    /* Keras gives biases to those that no normalisation follows. */
    bool bias = at->net->style->keras && (number == 0 || number == 3);
    return cairn_conv2d(at->net->graph, x, name, out, .k = k, .stride = stride, .pad = k / 2,
                        .no_bias = !bias, .init = at->net->init);
}

static cairn_val activate(const place *at, cairn_val x, int number)
{
    char name[NAME_BYTES];
    norm_name(at, number, name);
    x = cairn_batchnorm_with(at->net->graph, x, name, at->net->norm);
    plain_name(at, number, "relu", name);
    return cairn_relu_named(at->net->graph, x, at->net->style->keras ? name : NULL);
}

static cairn_val basic(const place *at, cairn_val before, int width, int stride)
{
    cairn_val x = convolve(at, before, 1, width, 3, stride);
    return convolve(at, activate(at, x, 2), 2, width, 3, 1);
}

static cairn_val bottleneck(const place *at, cairn_val before, int width, int stride)
{
    bool first = at->net->style->stride_first;
    cairn_val x = convolve(at, before, 1, width, 1, first ? stride : 1);
    x = convolve(at, activate(at, x, 2), 2, width, 3, first ? 1 : stride);
    return convolve(at, activate(at, x, 3), 3, width * EXPANSION, 1, 1);
}

/* What x itself contributes: unchanged where it can, else a projection of what the branch sees. */
static cairn_val shortcut_of(const place *at, cairn_val x, cairn_val before, int out, int stride)
{
    const network *net = at->net;
    if (cairn_shape_of(net->graph, x).dim[2] == out)
        return stride == 1 ? x : cairn_maxpool(net->graph, x, .k = 1, .stride = stride);
    if (net->pad)
        return cairn_residual_pad(net->graph, x, out, stride, net->centred);
    return convolve(at, before, 0, out, 1, stride);
}

static cairn_val block(const place *at, cairn_val x, int width, int stride)
{
    bool deep = at->net->design->bottleneck;
    cairn_val before = activate(at, x, 1);
    cairn_val shortcut = shortcut_of(at, x, before, deep ? width * EXPANSION : width, stride);
    x = deep ? bottleneck(at, before, width, stride) : basic(at, before, width, stride);
    char name[NAME_BYTES];
    plain_name(at, 0, "out", name);
    return cairn_add_named(at->net->graph, shortcut, x, at->net->style->keras ? name : NULL);
}

static cairn_val stem(const network *net, cairn_val x)
{
    cairn_graph *g = net->graph;
    if (net->style->small)
        return cairn_conv2d(g, x, "stem.conv", net->design->width, .k = 3, .pad = 1, .no_bias = true,
                            .init = net->init);
    x = cairn_conv2d(g, x, net->style->keras ? "conv1_conv" : "stem.conv", net->design->width, .k = 7,
                     .stride = 2, .pad = 3, .no_bias = !net->style->keras, .init = net->init);
    if (!net->style->keras)
        return cairn_maxpool(g, x, .k = 3, .stride = 2, .pad = 1);
    /* No ReLU was here: at the border Keras' zeros win over negative values. */
    cairn_enter(g, "pool1_pad");
    x = cairn_zero_pad(g, x, 1, 1, 1, 1);
    cairn_leave(g);
    cairn_enter(g, "pool1_pool");
    x = cairn_maxpool(g, x, .k = 3, .stride = 2);
    cairn_leave(g);
    return x;
}

static int stride_of(const network *net, int stage, int block)
{
    int last = CAIRN_RESIDUAL_STAGES - 1;
    if (net->style->keras)
        return stage < last && block == net->design->blocks[stage] - 1 ? 2 : 1;
    return stage > 0 && block == 0 ? 2 : 1;
}

static cairn_val stages(const network *net, cairn_val x)
{
    int width = net->design->width;
    for (int stage = 0; stage < CAIRN_RESIDUAL_STAGES && net->design->blocks[stage] > 0; stage++, width *= 2)
        for (int i = 0; i < net->design->blocks[stage]; i++) {
            if (!net->style->keras)
                cairn_enter(net->graph, "stages.%d.blocks.%d", stage, i);
            x = block(&(place){net, stage, i}, x, width, stride_of(net, stage, i));
            if (!net->style->keras)
                cairn_leave(net->graph);
        }
    return x;
}

/* timm's dense layer is a 1x1 convolution of one pixel, and so are its weights. */
static cairn_val head(const network *net, cairn_val x, int classes)
{
    cairn_graph *g = net->graph;
    x = cairn_batchnorm_with(g, x, net->style->keras ? "post_bn" : "norm", net->norm);
    x = cairn_relu_named(g, x, net->style->keras ? "post_relu" : NULL);
    if (net->style->keras)
        return cairn_linear(g, cairn_global_avgpool_named(g, x, "avg_pool"), "predictions", classes);
    x = cairn_conv2d(g, cairn_adaptive_avgpool(g, x, 1, 1), "head.fc", classes, .k = 1,
                     .init = {CAIRN_INIT_NORMAL, 0.01f});
    return cairn_flatten(g, x);
}

static cairn_val build(cairn_graph *graph, cairn_val x, const cairn_model_settings *s, const design *of)
{
    bool append = cairn_switch_is(s->model, s, "shortcut", "A-append");
    bool centred = cairn_switch_is(s->model, s, "shortcut", "A-centred");
    bool as_keras = of->style->keras;
    network net = {
        .graph = graph,
        .design = of,
        .style = of->style,
        .pad = append || centred,
        .centred = centred,
        .norm = {.eps = cairn_switch_number(s->model, s, "bn_eps"),
                 .momentum = as_keras ? 0.01 : 0.1,
                 .biased = as_keras},
        .init = {as_keras ? CAIRN_INIT_GLOROT_UNIFORM : CAIRN_INIT_KAIMING_NORMAL, 0},
    };
    return head(&net, stages(&net, stem(&net, x)), s->classes);
}

/* ---- the zoo's entries ---- */

static const style keras = {.keras = true};
static const style timm = {0};
static const style cifar = {.small = true, .stride_first = true};

static const cairn_switch keras_switches[] = {CAIRN_SWITCH_BN_EPS("1.001e-5"), {0}};
static const cairn_switch torch_switches[] = {CAIRN_SWITCH_BN_EPS("1e-5"), {0}};
static const cairn_switch basic_switches[] = {
    {"shortcut", "A-append|A-centred|B",
     "where the shape changes: A leaves pixels out and adds channels of zeros, behind (append) or on both "
     "sides (centred); B projects by a 1x1 convolution",
     NULL, 0},
    CAIRN_SWITCH_BN_EPS("1e-5"),
    {0},
};

/* The tutorial calls its dense layer otherwise, and nothing else. */
static const cairn_name_rule keras_names[] = {{"probs", "predictions"}, {NULL, NULL}};

#define PAPER "He, Zhang, Ren, Sun: Identity mappings in deep residual networks, 2016"

/* The object cairn_model_ID and its builder. `blocks`, in brackets, is the paper's table. */
#define BLOCKS(...)                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define NETWORK(id, flavour_, style_, width_, deep, blocks_, ...)                                            \
    static cairn_val build_##id(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings)   \
    {                                                                                                        \
        static const design of = {                                                                           \
            .style = &(style_), .blocks = BLOCKS blocks_, .width = (width_), .bottleneck = (deep)};          \
        return build(graph, image, settings, &of);                                                           \
    }                                                                                                        \
    const cairn_model cairn_model_##id = {.name = #id,                                                       \
                                          .family = "ResNetV2",                                              \
                                          .flavour = (flavour_),                                             \
                                          .year = 2016,                                                      \
                                          .c = 3,                                                            \
                                          .paper = PAPER,                                                    \
                                          .build = build_##id,                                               \
                                          __VA_ARGS__};

#define KERAS(figures)                                                                                       \
    .h = 224, .w = 224, .classes = 1000, .switches = keras_switches, .names = keras_names,                   \
    .preprocess = &cairn_preprocess_keras_tf, .training = CAIRN_TRAINING_IMAGENET,                           \
    .story = STORY_KERAS(figures)
NETWORK(resnet50v2, "keras", keras, 64, true, (3, 4, 6, 3), KERAS(FIGURES_50_KERAS))
NETWORK(resnet101v2, "keras", keras, 64, true, (3, 4, 23, 3), KERAS(FIGURES_101_KERAS))
NETWORK(resnet152v2, "keras", keras, 64, true, (3, 8, 36, 3), KERAS(FIGURES_152_KERAS))

#define TIMM(figures)                                                                                        \
    .h = 224, .w = 224, .classes = 1000, .switches = torch_switches,                                         \
    .preprocess = &cairn_preprocess_timm_half, .training = CAIRN_TRAINING_IMAGENET,                          \
    .story = STORY_TIMM(figures)
NETWORK(resnetv2_18, "timm", timm, 64, false, (2, 2, 2, 2), TIMM(FIGURES_SMALL))
NETWORK(resnetv2_34, "timm", timm, 64, false, (3, 4, 6, 3), TIMM(FIGURES_SMALL))
NETWORK(resnetv2_50, "timm", timm, 64, true, (3, 4, 6, 3), TIMM(FIGURES_50))
NETWORK(resnetv2_101, "timm", timm, 64, true, (3, 4, 23, 3), TIMM(FIGURES_101))
NETWORK(resnetv2_152, "timm", timm, 64, true, (3, 8, 36, 3), TIMM(FIGURES_152))

#define CIFAR(switches_, figures)                                                                            \
    .h = 32, .w = 32, .classes = 10, .switches = (switches_), .preprocess = &cairn_preprocess_cifar10,       \
    .training = CAIRN_TRAINING_CIFAR, .story = STORY_CIFAR(figures)
NETWORK(resnet110v2, "cifar", cifar, 16, false, (18, 18, 18), CIFAR(basic_switches, FIGURES_110))
NETWORK(resnet164v2, "cifar", cifar, 16, true, (18, 18, 18), CIFAR(torch_switches, FIGURES_164))
NETWORK(resnet1001v2, "cifar", cifar, 16, true, (111, 111, 111), CIFAR(torch_switches, FIGURES_1001))
