/* Inception v2: S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing
 * internal covariate shift", 2015.
 *   inception_v2        the network of the paper, as MXNet's inception-bn has it
 *   inception_v2.prose  what the tutorial tells: the first network, normalised, with two 3x3 for each 5x5 */
#include "models/inception.h"
#include "models/preprocess.h"
#include "models/switches.h"
#include <stdio.h>
#include <string.h>

typedef enum pool_kind { AVERAGE, MAXIMUM } pool_kind;

/* The branches 1x1, 3x3, two 3x3 and pool with projection. Without 1x1: a module of stride 2, whose pool is
 * not projected. */
typedef struct module {
    const char *name;
    int one, reduce3, three, reduce_double, two_threes;
    pool_kind pool;
    int projection;
} module;

static const module modules_2015[] = {
    {"3a", 64, 64, 64, 64, 96, AVERAGE, 32},       {"3b", 64, 64, 96, 64, 96, AVERAGE, 64},
    {"3c", 0, 128, 160, 64, 96, MAXIMUM, 0},       {"4a", 224, 64, 96, 96, 128, AVERAGE, 128},
    {"4b", 192, 96, 128, 96, 128, AVERAGE, 128},   {"4c", 160, 128, 160, 128, 160, AVERAGE, 128},
    {"4d", 96, 128, 192, 160, 192, AVERAGE, 128},  {"4e", 0, 128, 192, 192, 256, MAXIMUM, 0},
    {"5a", 352, 192, 320, 160, 224, AVERAGE, 128}, {"5b", 352, 192, 320, 192, 224, MAXIMUM, 128},
};

typedef struct network {
    cairn_graph *graph;
    double eps;
    bool bias, ceil;
} network;

#define NAME_BYTES 48

static cairn_val convolve(const network *net, cairn_val x, const char *name, int out, int k, int stride)
{
    char conv[NAME_BYTES], norm[NAME_BYTES];
    snprintf(conv, sizeof conv, "conv_%s", name);
    snprintf(norm, sizeof norm, "bn_%s", name);
    x = cairn_conv2d(net->graph, x, conv, out, .k = k, .stride = stride, .pad = k / 2, .no_bias = !net->bias,
                     .init = {CAIRN_INIT_KAIMING_FAN_IN, 0});
    return cairn_relu(net->graph, cairn_batchnorm(net->graph, x, norm, .eps = net->eps));
}

static cairn_val part(const network *net, cairn_val x, const module *m, const char *name, int out, int k,
                      int stride)
{
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s_%s", m->name, name);
    return convolve(net, x, full, out, k, stride);
}

static cairn_val build_module(const network *net, cairn_val x, const module *m)
{
    cairn_graph *g = net->graph;
    int stride = m->one == 0 ? 2 : 1;
    cairn_val three = part(net, x, m, "3x3_reduce", m->reduce3, 1, 1);
    three = part(net, three, m, "3x3", m->three, 3, stride);
    cairn_val threes = part(net, x, m, "double_3x3_reduce", m->reduce_double, 1, 1);
    threes = part(net, threes, m, "double_3x3_0", m->two_threes, 3, 1);
    threes = part(net, threes, m, "double_3x3_1", m->two_threes, 3, stride);
    cairn_val pooled = m->pool == AVERAGE ? cairn_avgpool(g, x, .k = 3, .stride = stride, .pad = 1)
                                          : cairn_maxpool(g, x, .k = 3, .stride = stride, .pad = 1);
    if (m->one == 0)
        return JOIN(net, three, threes, pooled);
    pooled = part(net, pooled, m, "proj", m->projection, 1, 1);
    cairn_val one = part(net, x, m, "1x1", m->one, 1, 1);
    return JOIN(net, one, three, threes, pooled);
}

static cairn_val halve(const network *net, cairn_val x)
{
    return cairn_maxpool(net->graph, x, .k = 3, .stride = 2, .ceil = net->ceil);
}

static cairn_val stem(const network *net, cairn_val x)
{
    x = halve(net, convolve(net, x, "1", 64, 7, 2)); /* (55, 55, 64) of 224 x 224, rounded up 56 */
    x = convolve(net, x, "2_red", 64, 1, 1);
    return halve(net, convolve(net, x, "2", 192, 3, 1)); /* (27, 27, 192), rounded up 28 */
}

static cairn_val classify(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    return cairn_linear(g, cairn_global_avgpool(g, x), "fc1", s->classes,
                        .init = {CAIRN_INIT_KAIMING_FAN_IN, 0});
}

static cairn_val build_2015(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const network net = {
        .graph = g,
        .eps = cairn_switch_number(s->model, s, "bn_eps"),
        .bias = true,
        .ceil = cairn_switch_is(s->model, s, "pool", "ceil"),
    };
    bool narrow = cairn_switch_is(s->model, s, "proj4cd", "96");
    x = stem(&net, x);
    for (size_t i = 0; i < sizeof modules_2015 / sizeof *modules_2015; i++) {
        module m = modules_2015[i];
        if (narrow && (strcmp(m.name, "4c") == 0 || strcmp(m.name, "4d") == 0))
            m.projection = 96;
        x = build_module(&net, x, &m);
    }
    return classify(g, x, s);
}

static cairn_val build_prose(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const network net = {.graph = g, .eps = cairn_switch_number(s->model, s, "bn_eps"), .ceil = true};
    x = stem(&net, x);
    for (int i = 0; i < CAIRN_INCEPTION_MODULES; i++) {
        const cairn_inception_widths *w = &cairn_inception_widths_2014[i];
        const module m = {w->name, w->one, w->reduce3, w->three, w->reduce5, w->five, MAXIMUM, w->pool};
        x = build_module(&net, x, &m);
        if (strcmp(w->name, "3b") == 0 || strcmp(w->name, "4e") == 0)
            x = halve(&net, x);
    }
    return classify(g, x, s);
}

/* ---- the zoo's entries ---- */

#define COMMON                                                                                               \
    .family = "Inception", .year = 2015, .h = 224, .w = 224, .c = 3, .classes = 1000,                        \
    .paper = "Ioffe, Szegedy: Batch normalization: accelerating deep network training by reducing internal " \
             "covariate shift, 2015",                                                                        \
    .preprocess = &cairn_preprocess_torch,                                                                   \
    .training = {.batch = 64,                                                                                \
                 .epochs = 60,                                                                               \
                 .lr = 0.05f,                                                                                \
                 .momentum = 0.9f,                                                                           \
                 .weight_decay = 4e-5f,                                                                      \
                 .schedule = "cosine",                                                                       \
                 .warmup = 2}

#define STORY_WHY                                                                                            \
    "Inception v2 showed what batch normalisation does. While a network learns, the numbers that a layer "   \
    "is given drift as all layers before it change. So each map is brought to mean 0 and deviation 1 over "  \
    "the batch, then scaled and shifted by two trained numbers; when the network is used, running averages " \
    "take the batch's place. Larger steps become possible, initial weights matter less, and dropout and "    \
    "response normalisation can go: it reached the first network's accuracy in a fourteenth of the "         \
    "steps.\n\n"

#define STORY_HOW                                                                                            \
    "\n\nTraining, as published: SGD, 32 pictures a replica, five times the first network's learning rate "  \
    "(0.0075) falling six times faster, weight decay a fifth, no dropout, weaker distortions of colour."

#define STORY_ERRATA                                                                                         \
    "\n\n"                                                                                                   \
    "Where the tutorial errs: normalisation gives mean 0 and variance 1 for each map over the "              \
    "batch, not a Gaussian, and a trained scale and shift follow; and beside normalisation and "             \
    "two 3x3 for a 5x5 the widths changed, most pools average, 3c and 4e halve the picture, and "            \
    "no heads are needed. 4.8 % is the error of six networks with many crops; one with one crop "            \
    "has 7.8 %."

static const cairn_switch switches_2015[] = {
    {"proj4cd", "128|96",
     "projections of 4c and 4d: 128 as in the paper's table, or 96, which its sums need and other files have",
     NULL, 0},
    {"pool", "floor|ceil", "maps of 55 and 27 as MXNet rounds, or of 56 and 28 as in the paper", NULL, 0},
    CAIRN_SWITCH_BN_EPS("1e-5"),
    {0},
};

const cairn_model cairn_model_inception_v2 = {
    .name = "inception_v2",
    .flavour = "mxnet",
    .story = STORY_WHY
    "This is the network of the paper as MXNet's inception-bn defines it, with its names: every "
    "convolution has a bias and a normalisation, two 3x3 stand for a 5x5, modules 3c and 4e have stride "
    "2 and no 1x1 branch, and pools round down to maps of 55 and 27. inception_v2.prose is what "
    "the tutorial's words describe. "
    "ImageNet, one crop: 25.2 % wrong, 7.8 % not among the first five (paper); 72.45 % right, 90.79 % "
    "among five (MXNet); 73.9 and 91.8 % (TensorFlow)." STORY_HOW STORY_ERRATA,
    .switches = switches_2015,
    .build = build_2015,
    COMMON,
};

static const cairn_switch prose_switches[] = {CAIRN_SWITCH_BN_EPS("1e-5"), {0}};

const cairn_model cairn_model_inception_v2_prose = {
    .name = "inception_v2.prose",
    .flavour = "prose",
    .story = STORY_WHY
    "This is what the tutorial says Inception v2 was, taken at its word: the first network with its "
    "widths, normalisation after each convolution and so no biases, and two 3x3 for each 5x5. "
    "Nobody published weights of it; "
    "inception_v2 is the network of the paper." STORY_HOW STORY_ERRATA,
    .switches = prose_switches,
    .build = build_prose,
    COMMON,
};
