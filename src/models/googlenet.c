/* GoogLeNet, Inception v1: C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V.
 * Vanhoucke, A. Rabinovich, "Going deeper with convolutions", 2014. One table of widths, three networks:
 *   googlenet              torchvision's, normalised after each convolution
 *   inception_v1.paper     the network of 2014, as Caffe's files have it
 *   inception_v1.tutorial  the tutorial's code */
#include "models/googlenet_stories.h"
#include "models/inception.h"
#include "models/preprocess.h"
#include "models/switches.h"
#include <stdio.h>
#include <string.h>

typedef enum flavour { TORCH, CAFFE, TUTORIAL } flavour;

typedef struct network {
    cairn_graph *graph;
    const cairn_model_settings *settings;
    flavour flavour;
    cairn_inception normalised; /* torchvision's convolutions */
} network;

/* How a layer is called, in torchvision and in Caffe. */
typedef struct layer {
    const char *torch, *caffe;
} layer;

#define NAME_BYTES 48
#define HEADS 2
#define HEAD_WEIGHT 0.3

/* Weights as the three sources draw them; Caffe's ReLUs begin a little on their positive side. */
static cairn_init weights_of(flavour f)
{
    static const cairn_init of[] = {
        [TORCH] = {CAIRN_INIT_TRUNCATED, 0.01f},
        [CAFFE] = {CAIRN_INIT_CAFFE_XAVIER, 0},
        [TUTORIAL] = {CAIRN_INIT_GLOROT_UNIFORM, 0},
    };
    return of[f];
}

static const cairn_init positive[] = {[TORCH] = {CAIRN_INIT_TORCH, 0},
                                      [CAFFE] = {CAIRN_INIT_CONSTANT, 0.2f},
                                      [TUTORIAL] = {CAIRN_INIT_ZEROS, 0}};
static const cairn_init centred[] = {
    [TORCH] = {CAIRN_INIT_TORCH, 0}, [CAFFE] = {CAIRN_INIT_ZEROS, 0}, [TUTORIAL] = {CAIRN_INIT_ZEROS, 0}};

/* A convolution with its ReLU. prefix: of Caffe's name; torchvision's modules are scopes. */
static cairn_val convolve(network *net, cairn_val x, const char *prefix, layer name, int out, int k)
{
    if (net->flavour == TORCH)
        return cairn_inception_conv(&net->normalised, x, name.torch,
                                    (cairn_inception_unit){out, k, k, k == 7 ? 2 : 1, false});
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", prefix, name.caffe);
    cairn_conv2d_options options = {
        .k = k,
        .stride = k == 7 ? 2 : 1,
        .init = weights_of(net->flavour),
        .bias_init = positive[net->flavour],
    };
    if (net->flavour == TUTORIAL)
        options.padding = CAIRN_PAD_SAME;
    else
        options.pad = k / 2;
    return cairn_relu(net->graph, cairn_conv2d_with(net->graph, x, full, out, options));
}

static cairn_val dense(network *net, cairn_val x, layer name, int out, const cairn_init bias[])
{
    return cairn_linear(net->graph, x, net->flavour == TORCH ? name.torch : name.caffe, out,
                        .init = weights_of(net->flavour), .bias_init = bias[net->flavour]);
}

/* Halves the picture: Caffe and torchvision round up, the tutorial pads with zeros. */
static cairn_val halve(network *net, cairn_val x, int k)
{
    if (net->flavour == TUTORIAL)
        return cairn_maxpool(net->graph, cairn_zero_pad(net->graph, x, 1, 1, 1, 1), .k = 3, .stride = 2);
    return cairn_maxpool(net->graph, x, .k = net->flavour == TORCH ? k : 3, .stride = 2, .ceil = true);
}

static cairn_val stem(network *net, cairn_val x)
{
    bool lrn = net->flavour == CAFFE;
    x = convolve(net, x, "", (layer){"conv1", "conv1/7x7_s2"}, 64, 7); /* (112, 112, 64) of 224 x 224 */
    x = halve(net, x, 3);                                              /* (56, 56, 64) */
    x = lrn ? cairn_switch_lrn(net->graph, x, net->settings) : x;
    x = convolve(net, x, "", (layer){"conv2", "conv2/3x3_reduce"}, 64, 1); /* (56, 56, 64) */
    x = convolve(net, x, "", (layer){"conv3", "conv2/3x3"}, 192, 3);       /* (56, 56, 192) */
    x = lrn ? cairn_switch_lrn(net->graph, x, net->settings) : x;
    return halve(net, x, 3); /* (28, 28, 192) */
}

/* Four branches side by side: what is best seen with which window is left to the training. The tutorial
 * projects before it pools. */
static cairn_val branches(network *net, cairn_val x, const cairn_inception_widths *m)
{
    char prefix[NAME_BYTES];
    cairn_graph *g = net->graph;
    bool tutorial = net->flavour == TUTORIAL;
    int five = tutorial && strcmp(m->name, "4d") == 0 ? 48 : m->five; /* its slip of the pen */
    snprintf(prefix, sizeof prefix, "inception_%s/", m->name);

    cairn_val a = convolve(net, x, prefix, (layer){"branch1", "1x1"}, m->one, 1);
    cairn_val b = convolve(net, x, prefix, (layer){"branch2.0", "3x3_reduce"}, m->reduce3, 1);
    b = convolve(net, b, prefix, (layer){"branch2.1", "3x3"}, m->three, 3);
    cairn_val c = convolve(net, x, prefix, (layer){"branch3.0", "5x5_reduce"}, m->reduce5, 1);
    /* torchvision has 3x3 where 5x5 is meant, for the sake of the weights it took over. */
    c = convolve(net, c, prefix, (layer){"branch3.1", "5x5"}, five, net->flavour == TORCH ? 3 : 5);
    cairn_val d = tutorial ? x : cairn_maxpool(g, x, .k = 3, .stride = 1, .pad = 1);
    d = convolve(net, d, prefix, (layer){"branch4.1", "pool_proj"}, m->pool, 1);
    d = tutorial ? cairn_maxpool(g, d, .k = 3, .stride = 1, .pad = 1) : d;
    return JOIN(net, a, b, c, d);
}

static cairn_val module(network *net, cairn_val x, const cairn_inception_widths *m)
{
    if (net->flavour != TORCH)
        return branches(net, x, m);
    cairn_enter(net->graph, "inception%s", m->name);
    x = branches(net, x, m);
    cairn_leave(net->graph);
    return x;
}

/* A small classifier in the middle of the network, for the gradient's sake. */
static void head(network *net, cairn_val x, int number)
{
    static const struct {
        const char *name;
        layer conv, hidden, classifier;
    } heads[HEADS] = {
        {"aux1", {"conv", "loss1/conv"}, {"fc1", "loss1/fc"}, {"fc2", "loss1/classifier"}},
        {"aux2", {"conv", "loss2/conv"}, {"fc1", "loss2/fc"}, {"fc2", "loss2/classifier"}},
    };
    cairn_graph *g = net->graph;
    if (net->flavour == TORCH)
        cairn_enter(g, "%s", heads[number].name);
    x = net->flavour == TORCH ? cairn_adaptive_avgpool(g, x, 4, 4) : cairn_avgpool(g, x, .k = 5, .stride = 3);
    x = convolve(net, x, "", heads[number].conv, 128, 1);
    x = net->flavour == TUTORIAL ? cairn_flatten(g, x) : cairn_flatten_chw(g, x);
    x = cairn_relu(g, dense(net, x, heads[number].hidden, 1024, positive));
    x = dense(net, cairn_dropout(g, x, 0.7f), heads[number].classifier, net->settings->classes, centred);
    if (net->flavour == TORCH)
        cairn_leave(g);
    cairn_auxiliary_head(g, x, heads[number].name, HEAD_WEIGHT);
}

static cairn_val build(cairn_graph *g, cairn_val x, const cairn_model_settings *s, flavour f)
{
    network net = {.graph = g, .settings = s, .flavour = f};
    if (f == TORCH)
        net.normalised = cairn_inception_start(g, s, CAIRN_INCEPTION_TIMM, weights_of(f));
    cairn_val inner[HEADS] = {{0}};
    x = stem(&net, x);
    for (int i = 0; i < CAIRN_INCEPTION_MODULES; i++) {
        const cairn_inception_widths *m = &cairn_inception_widths_2014[i];
        x = module(&net, x, m);
        if (strcmp(m->name, "4a") == 0)
            inner[0] = x;
        if (strcmp(m->name, "4d") == 0)
            inner[1] = x;
        if (strcmp(m->name, "3b") == 0)
            x = halve(&net, x, 3); /* (14, 14, 480) */
        if (strcmp(m->name, "4e") == 0) {
            x = halve(&net, x, 2); /* (7, 7, 832) */
            for (int k = 0; k < HEADS && s->heads; k++)
                head(&net, inner[k], k);
        }
    }
    x = cairn_dropout(g, cairn_global_avgpool(g, x), f == TORCH ? 0.2f : 0.4f);
    return dense(&net, x, (layer){"fc", "loss3/classifier"}, s->classes, centred);
}

static cairn_val build_torch(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    return build(g, x, s, TORCH);
}

static cairn_val build_paper(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    return build(g, x, s, CAFFE);
}

static cairn_val build_tutorial(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    return build(g, x, s, TUTORIAL);
}

/* ---- the zoo's entries ---- */

#define COMMON                                                                                               \
    .family = "Inception", .year = 2014, .h = 224, .w = 224, .c = 3, .classes = 1000,                        \
    .paper = "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going deeper with " \
             "convolutions, 2014"

/* Without normalisation larger steps do not begin. */
#define TRAINING(lr_)                                                                                        \
    .training = {.batch = 64,                                                                                \
                 .epochs = 60,                                                                               \
                 .lr = (lr_),                                                                                \
                 .momentum = 0.9f,                                                                           \
                 .weight_decay = 2e-4f,                                                                      \
                 .schedule = "cosine",                                                                       \
                 .warmup = 2}

static const cairn_switch torch_switches[] = {CAIRN_SWITCH_AUX, CAIRN_SWITCH_BN_EPS("1e-3"), {0}};
static const cairn_switch paper_switches[] = {
    CAIRN_SWITCH_AUX, CAIRN_SWITCH_LRN("bvlc|paper|cudaconvnet"), {0}};

/* Where the two heads stand among the counted layers of Keras' files: a network without them must not take
 * their place. */
static const cairn_name_rule tutorial_names[] = {
    {"conv2d_45", "loss1/conv"},     {"conv2d_46", "loss2/conv"},
    {"dense", "loss1/fc"},           {"dense_1", "loss1/classifier"},
    {"dense_2", "loss2/fc"},         {"dense_3", "loss2/classifier"},
    {"dense_4", "loss3/classifier"}, {NULL, NULL},
};

const cairn_model cairn_model_googlenet = {
    .name = "googlenet",
    .flavour = "torchvision",
    .story = STORY_TORCH,
    .switches = torch_switches,
    .preprocess = &cairn_preprocess_torch_half,
    .build = build_torch,
    TRAINING(0.05f),
    COMMON,
};

const cairn_model cairn_model_inception_v1_paper = {
    .name = "inception_v1.paper",
    .flavour = "paper",
    .story = STORY_PAPER,
    .switches = paper_switches,
    .preprocess = &cairn_preprocess_caffe_224,
    .build = build_paper,
    TRAINING(0.01f),
    COMMON,
};

const cairn_model cairn_model_inception_v1_tutorial = {
    .name = "inception_v1.tutorial",
    .flavour = "tutorial",
    .story = STORY_TUTORIAL,
    .names = tutorial_names,
    .preprocess = &cairn_preprocess_torch,
    .build = build_tutorial,
    TRAINING(0.01f),
    COMMON,
};
