/* VGG: K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014.
 * 3x3 convolutions only; what varies is how many there are. */
#include "models/preprocess.h"
#include "models/switches.h"
#include <stdio.h>

#define STAGES 5
#define HIDDEN 4096
#define NAME_BYTES 32

typedef struct design {
    int convs[STAGES]; /* in each stage */
    bool norm;         /* batch normalisation, which the paper did not have yet */
    bool keras;        /* Keras' names, order of the flattened values and initial weights; no dropout */
} design;

static const int widths[STAGES] = {64, 128, 256, 512, 512};

/* torchvision counts every layer, "features.0" to "features.36"; Keras stages and their convolutions. */
static cairn_val convolve(cairn_graph *g, cairn_val x, const design *d, int stage, int conv, int position)
{
    char name[NAME_BYTES];
    if (d->keras)
        snprintf(name, sizeof name, "block%d_conv%d", stage + 1, conv + 1);
    else
        snprintf(name, sizeof name, "features.%d", position);
    const cairn_init init = {d->keras ? CAIRN_INIT_GLOROT_UNIFORM : CAIRN_INIT_KAIMING_NORMAL, 0};
    return cairn_conv2d(g, x, name, widths[stage], .k = 3, .pad = 1, .init = init);
}

static cairn_val features(cairn_graph *g, cairn_val x, const design *d, const cairn_model_settings *s)
{
    int position = 0;
    for (int stage = 0; stage < STAGES; stage++) {
        for (int conv = 0; conv < d->convs[stage]; conv++) {
            x = convolve(g, x, d, stage, conv, position++);
            if (d->norm) {
                char name[NAME_BYTES];
                snprintf(name, sizeof name, "features.%d", position++);
                x = cairn_batchnorm(g, x, name, .eps = cairn_switch_number(s->model, s, "bn_eps"));
            }
            x = cairn_relu(g, x);
            position++;
        }
        x = cairn_maxpool(g, x, .k = 2); /* 112, 56, 28, 14, 7 of 224 */
        position++;
    }
    return x;
}

static cairn_val build(cairn_graph *g, cairn_val x, const design *d, const cairn_model_settings *s)
{
    static const char *const names[2][3] = {{"classifier.0", "classifier.3", "classifier.6"},
                                            {"fc1", "fc2", "predictions"}};
    const cairn_init init =
        d->keras ? (cairn_init){CAIRN_INIT_GLOROT_UNIFORM, 0} : (cairn_init){CAIRN_INIT_NORMAL, 0.01f};
    x = features(g, x, d, s);
    x = d->keras ? cairn_flatten(g, x) : cairn_flatten_chw(g, cairn_adaptive_avgpool(g, x, 7, 7));
    for (int i = 0; i < 2; i++) {
        x = cairn_relu(g, cairn_linear(g, x, names[d->keras][i], HIDDEN, .init = init));
        x = d->keras ? x : cairn_dropout(g, x, 0.5f);
    }
    return cairn_linear(g, x, names[d->keras][2], s->classes, .init = init);
}

/* ---- names in files of other origin ---- */

/* timm keeps the dense layers as convolutions of the same numbers. */
#define TIMM_NAMES                                                                                           \
    {"pre_logits.fc1", "classifier.0"}, {"pre_logits.fc2", "classifier.3"},                                  \
    {                                                                                                        \
        "head.fc", "classifier.6"                                                                            \
    }
#define CAFFE_HEAD(first, second, third)                                                                     \
    {"fc6", first}, {"fc7", second},                                                                         \
    {                                                                                                        \
        "fc8", third                                                                                         \
    }

static const cairn_name_rule torch_names[] = {TIMM_NAMES, {NULL, NULL}};

/* The authors' own files, of these two depths. */
static const cairn_name_rule vgg16_names[] = {
    TIMM_NAMES,
    CAFFE_HEAD("classifier.0", "classifier.3", "classifier.6"),
    {"conv1_1", "features.0"},
    {"conv1_2", "features.2"},
    {"conv2_1", "features.5"},
    {"conv2_2", "features.7"},
    {"conv3_1", "features.10"},
    {"conv3_2", "features.12"},
    {"conv3_3", "features.14"},
    {"conv4_1", "features.17"},
    {"conv4_2", "features.19"},
    {"conv4_3", "features.21"},
    {"conv5_1", "features.24"},
    {"conv5_2", "features.26"},
    {"conv5_3", "features.28"},
    {NULL, NULL},
};
static const cairn_name_rule vgg19_names[] = {
    TIMM_NAMES,
    CAFFE_HEAD("classifier.0", "classifier.3", "classifier.6"),
    {"conv1_1", "features.0"},
    {"conv1_2", "features.2"},
    {"conv2_1", "features.5"},
    {"conv2_2", "features.7"},
    {"conv3_1", "features.10"},
    {"conv3_2", "features.12"},
    {"conv3_3", "features.14"},
    {"conv3_4", "features.16"},
    {"conv4_1", "features.19"},
    {"conv4_2", "features.21"},
    {"conv4_3", "features.23"},
    {"conv4_4", "features.25"},
    {"conv5_1", "features.28"},
    {"conv5_2", "features.30"},
    {"conv5_3", "features.32"},
    {"conv5_4", "features.34"},
    {NULL, NULL},
};

/* ---- words ---- */

#define STORY_WHY                                                                                            \
    "VGG asked what depth alone brings. It replaced large windows by stacks of 3x3: two see 5x5 "            \
    "pixels with 18 C^2 weights instead of 25 C^2, three see 7x7 with 27 C^2 instead of 49 C^2, "            \
    "and there is a ReLU after each. Five stages, each half the size of the one before and up to "           \
    "twice as wide, then three dense layers, which alone hold 123,642,856 parameters. More "                 \
    "layers helped up to 16 to 19; it came second at ImageNet 2014 and first in localisation, "              \
    "and its plain features served many other tasks for years.\n\n"

#define STORY_FLAVOURS                                                                                       \
    "Flavours: torchvision's are called after their layers with weights (11, 13, 16 and 19 are the paper's " \
    "A, B, D and E), those with _bn normalise after each convolution, which trains far more easily; .keras " \
    "and .tutorial are Keras' form: no dropout, its names, and pictures as blue, green, red minus their "    \
    "means.\n\n"

#define STORY_HOW                                                                                            \
    "\n\n"                                                                                                   \
    "Training, as published: short side 256, 384 or random in 256 to 512, random crops of 224, "             \
    "mirrored half of the time; SGD with momentum 0.9, batch 256, weight decay 5e-4, learning "              \
    "rate 0.01 divided by 10 three times, 74 epochs. The deeper networks without normalisation "             \
    "begin only with well-scaled weights (He et al. 2015), or from a trained A as in the paper."

#define STORY_ERRATA                                                                                         \
    "\n\n"                                                                                                   \
    "Where the tutorial errs: the third dense layer has 4096 x 1000 + 1000 = 4,097,000 "                     \
    "parameters, not 4,100,096, and the three together 123,642,856, not 123,645,952. Pictures "              \
    "are scaled to a short side S and then cropped to 224, not scaled to Q, which is the scale "             \
    "of testing. 18 against 25 is meant for each pair of maps. Its code has no dropout and "                 \
    "ignores its argument n_classes."

#define STORY(figures) STORY_WHY STORY_FLAVOURS figures STORY_HOW STORY_ERRATA

#define FIGURES_11                                                                                           \
    "ImageNet, one crop: "                                                                                   \
    "69.02 % right, 88.63 % among the first five; with _bn 70.37 and 89.81 % (torchvision). Paper: 29.6 % "  \
    "wrong."
#define FIGURES_13                                                                                           \
    "ImageNet, one crop: "                                                                                   \
    "69.93 % right, 90.25 % among the first five; with _bn 71.59 and 90.37 % (torchvision). Paper: 28.7 % "  \
    "wrong."
#define FIGURES_16                                                                                           \
    "ImageNet, one crop: "                                                                                   \
    "71.59 % right, 90.38 % among the first five; with _bn 73.36 and 91.52 % (torchvision); 71.3 and "       \
    "90.1 % (Keras). Paper: 27.0 % wrong at one scale, 24.4 % with many scales and crops."
#define FIGURES_19                                                                                           \
    "ImageNet, one crop: "                                                                                   \
    "72.38 % right, 90.88 % among the first five; with _bn 74.22 and 91.84 % (torchvision); 71.3 and "       \
    "90.0 % (Keras). Paper: 27.3 % wrong at one scale, 24.4 % with many scales and crops."

/* ---- the zoo's entries ---- */

/* The paper's table 1: A, B, D and E. */
#define DEPTH_11                                                                                             \
    {                                                                                                        \
        1, 1, 2, 2, 2                                                                                        \
    }
#define DEPTH_13                                                                                             \
    {                                                                                                        \
        2, 2, 2, 2, 2                                                                                        \
    }
#define DEPTH_16                                                                                             \
    {                                                                                                        \
        2, 2, 3, 3, 3                                                                                        \
    }
#define DEPTH_19                                                                                             \
    {                                                                                                        \
        2, 2, 4, 4, 4                                                                                        \
    }

static const cairn_switch norm_switches[] = {CAIRN_SWITCH_BN_EPS("1e-5"), {0}};

#define NETWORK(id, name_, flavour_, depth, norm_, keras_, ...)                                              \
    static cairn_val build_##id(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings)   \
    {                                                                                                        \
        static const design of = {.convs = DEPTH_##depth, .norm = (norm_), .keras = (keras_)};               \
        return build(graph, image, &of, settings);                                                           \
    }                                                                                                        \
    const cairn_model cairn_model_##id = {                                                                   \
        .name = (name_),                                                                                     \
        .family = "VGG",                                                                                     \
        .flavour = (flavour_),                                                                               \
        .year = 2014,                                                                                        \
        .h = 224,                                                                                            \
        .w = 224,                                                                                            \
        .c = 3,                                                                                              \
        .classes = 1000,                                                                                     \
        .paper = "Simonyan, Zisserman: Very deep convolutional networks for large-scale image "              \
                 "recognition, 2014",                                                                        \
        .story = STORY(FIGURES_##depth),                                                                     \
        .training = {.batch = 64,                                                                            \
                     .epochs = 74,                                                                           \
                     .lr = 0.01f,                                                                            \
                     .momentum = 0.9f,                                                                       \
                     .weight_decay = 5e-4f,                                                                  \
                     .schedule = "cosine",                                                                   \
                     .warmup = 2},                                                                           \
        .build = build_##id,                                                                                 \
        __VA_ARGS__};

#define TORCH(depth, rules)                                                                                  \
    NETWORK(vgg##depth, "vgg" #depth, "torchvision", depth, false, false, .names = (rules),                  \
            .preprocess = &cairn_preprocess_torch)                                                           \
    NETWORK(vgg##depth##_bn, "vgg" #depth "_bn", "torchvision", depth, true, false, .names = torch_names,    \
            .switches = norm_switches, .preprocess = &cairn_preprocess_torch)
TORCH(11, torch_names)
TORCH(13, torch_names)
TORCH(16, vgg16_names)
TORCH(19, vgg19_names)

#define KERAS(depth)                                                                                         \
    NETWORK(vgg##depth##_keras, "vgg" #depth ".keras", "keras", depth, false, true,                          \
            .preprocess = &cairn_preprocess_keras_caffe)                                                     \
    NETWORK(vgg##depth##_tutorial, "vgg" #depth ".tutorial", "tutorial", depth, false, true,                 \
            .preprocess = &cairn_preprocess_keras_caffe)
KERAS(16)
KERAS(19)
