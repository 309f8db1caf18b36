/* AlexNet: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural
 * networks", 2012. Three networks go by that name:
 *   alexnet           torchvision's, after the one-tower network of 2014
 *   alexnet.paper     the network of 2012: two towers, response normalisation
 *   alexnet.tutorial  the tutorial's code, with one convolution fewer than its prose */
#include "models/preprocess.h"
#include "models/switches.h"

#define HIDDEN 4096

/* Overlapping pools everywhere: windows of 3, steps of 2. */
static cairn_val pool(cairn_graph *g, cairn_val x)
{
    return cairn_maxpool(g, x, .k = 3, .stride = 2);
}

/* ---- alexnet ---- */

static cairn_val build_torch(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_TORCH, 0};
    static const struct {
        const char *name;
        int out, k, stride, pad;
        bool pool;
    } layers[] = {
        {"features.0", 64, 11, 4, 2, true},  /* (27, 27, 64) of 224 x 224 */
        {"features.3", 192, 5, 1, 2, true},  /* (13, 13, 192) */
        {"features.6", 384, 3, 1, 1, false}, /* (13, 13, 384) */
        {"features.8", 256, 3, 1, 1, false}, /* (13, 13, 256) */
        {"features.10", 256, 3, 1, 1, true}, /* (6, 6, 256) */
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        x = cairn_conv2d(g, x, layers[i].name, layers[i].out, .k = layers[i].k, .stride = layers[i].stride,
                         .pad = layers[i].pad, .init = init, .bias_init = init);
        x = cairn_relu(g, x);
        x = layers[i].pool ? pool(g, x) : x;
    }
    x = cairn_dropout(g, cairn_flatten_chw(g, cairn_adaptive_avgpool(g, x, 6, 6)), 0.5f);
    x = cairn_relu(g, cairn_linear(g, x, "classifier.1", HIDDEN, .init = init, .bias_init = init));
    x = cairn_dropout(g, x, 0.5f);
    x = cairn_relu(g, cairn_linear(g, x, "classifier.4", HIDDEN, .init = init, .bias_init = init));
    return cairn_linear(g, x, "classifier.6", s->classes, .init = init, .bias_init = init);
}

/* ---- alexnet.paper ---- */

static cairn_val build_paper(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init small = {CAIRN_INIT_NORMAL, 0.01f};
    /* ReLUs that begin on their positive side learn sooner: "in the second, fourth and fifth layers". */
    const cairn_init ones = {CAIRN_INIT_CONSTANT, 1}, zeros = {CAIRN_INIT_ZEROS, 0};
    static const struct {
        const char *name;
        int out, k, stride, pad, groups;
        bool one, lrn, pool;
    } layers[] = {
        {"conv1", 96, 11, 4, 0, 1, false, true, true},   /* (27, 27, 96) of 227 x 227 */
        {"conv2", 256, 5, 1, 2, 2, true, true, true},    /* (13, 13, 256) */
        {"conv3", 384, 3, 1, 1, 1, false, false, false}, /* (13, 13, 384), the only one to see both towers */
        {"conv4", 384, 3, 1, 1, 2, true, false, false},  /* (13, 13, 384) */
        {"conv5", 256, 3, 1, 1, 2, true, false, true},   /* (6, 6, 256) */
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        x = cairn_conv2d(g, x, layers[i].name, layers[i].out, .k = layers[i].k, .stride = layers[i].stride,
                         .pad = layers[i].pad, .groups = layers[i].groups, .init = small,
                         .bias_init = layers[i].one ? ones : zeros);
        x = cairn_relu(g, x);
        x = layers[i].lrn ? cairn_switch_lrn(g, x, s) : x;
        x = layers[i].pool ? pool(g, x) : x;
    }
    x = cairn_flatten_chw(g, x);
    x = cairn_relu(g, cairn_linear(g, x, "fc6", HIDDEN, .init = small, .bias_init = ones));
    x = cairn_dropout(g, x, 0.5f);
    x = cairn_relu(g, cairn_linear(g, x, "fc7", HIDDEN, .init = small, .bias_init = ones));
    x = cairn_dropout(g, x, 0.5f);
    return cairn_linear(g, x, "fc8", s->classes, .init = small);
}

/* ---- alexnet.tutorial ---- */

static cairn_val build_tutorial(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    x = cairn_relu(g, cairn_conv2d(g, x, "features.0", 96, .k = 11, .stride = 4)); /* (54, 54, 96) */
    x = pool(g, x);                                                                /* (26, 26, 96) */
    x = cairn_relu(g, cairn_conv2d(g, x, "features.3", 256, .k = 5, .pad = 2));    /* (26, 26, 256) */
    x = pool(g, x);                                                                /* (12, 12, 256) */
    x = cairn_relu(g, cairn_conv2d(g, x, "features.6", 384, .k = 3, .pad = 1));    /* (12, 12, 384) */
    x = cairn_relu(g, cairn_conv2d(g, x, "features.8", 256, .k = 3, .pad = 1));    /* (12, 12, 256) */
    x = cairn_flatten(g, pool(g, x));                                              /* 5 x 5 x 256 */
    x = cairn_dropout(g, cairn_relu(g, cairn_linear(g, x, "classifier.1", HIDDEN)), 0.5f);
    x = cairn_dropout(g, cairn_relu(g, cairn_linear(g, x, "classifier.4", HIDDEN)), 0.5f);
    return cairn_linear(g, x, "classifier.6", s->classes);
}

/* ---- the zoo's entries ---- */

#define COMMON                                                                                               \
    .family = "AlexNet", .year = 2012, .c = 3, .classes = 1000,                                              \
    .paper = "Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural "        \
             "networks, 2012",                                                                               \
    .training = {.batch = 128,                                                                               \
                 .epochs = 90,                                                                               \
                 .lr = 0.01f,                                                                                \
                 .momentum = 0.9f,                                                                           \
                 .weight_decay = 5e-4f,                                                                      \
                 .schedule = "step"}

#define STORY_WHY                                                                                            \
    "AlexNet won ImageNet 2012 with 15.3 % top-5 error where the second had 26.2 %, and turned computer "    \
    "vision to learned features. Its ideas were not new, their union and size were: ReLUs, which do not "    \
    "saturate and train several times faster than tanh; dropout in the dense layers, which hold 96 % of "    \
    "the parameters; overlapping pools; crops, mirror images and shifts of colour, so that no picture is "   \
    "seen twice alike; and two graphics processors, each with half of the maps.\n\n"

#define STORY_HOW                                                                                            \
    "\n\nTraining, as published: short side 256, random crops of 224, mirrored half of the time, shifts "    \
    "of colour along the main axes of RGB; SGD with momentum 0.9, batch 128, weight decay 5e-4, learning "   \
    "rate 0.01 divided by 10 three times, about 90 epochs."

#define STORY_ERRATA                                                                                         \
    "\n\n"                                                                                                   \
    "Where the tutorial errs: it tells of five convolutions, response normalisation and two "                \
    "towers, and its code has four, none and one; of 224 pixels its first layer makes 54, not "              \
    "55. \"Loss from 26 % to 15.3 %\" is the top-5 error, and of seven networks with additional "            \
    "pictures; one alone has 18.2 %, and 26.2 % was the second's. Crops of 224 out of 256 have "             \
    "33 offsets an axis, so there are 2,178 views of a picture, not 2,048 (the paper prints that "           \
    "too)."

const cairn_model cairn_model_alexnet = {
    .name = "alexnet",
    .flavour = "torchvision",
    .h = 224,
    .w = 224,
    .story = STORY_WHY
    "This is torchvision's form, after the one-tower network that Krizhevsky published in 2014 (\"One "
    "weird trick for parallelizing convolutional neural networks\"): 64, 192, 384, 256 and 256 maps, no "
    "groups, no response normalisation, a picture of 224 padded by 2. .paper is the network of 2012, "
    ".tutorial "
    "what the tutorial's code builds.\n\n"
    "ImageNet, one crop: 56.52 % right, 79.07 % among the first five (torchvision)." STORY_HOW STORY_ERRATA,
    .preprocess = &cairn_preprocess_torch,
    .build = build_torch,
    COMMON,
};

static const cairn_switch paper_switches[] = {CAIRN_SWITCH_LRN("paper|cudaconvnet|bvlc"), {0}};

const cairn_model cairn_model_alexnet_paper = {
    .name = "alexnet.paper",
    .flavour = "paper",
    .h = 227,
    .w = 227,
    .story = STORY_WHY
    "This is the network of 2012: 96, 256, 384, 384 and 256 maps, the second, fourth and fifth "
    "convolution in two groups that stood for two processors, local response normalisation after the "
    "first two. The paper says 224 pixels, but its maps of 55 x 55 need 227. Layers are called as in Caffe's "
    "replica, whose weights want "
    "--set lrn=bvlc and blue, green, red.\n\n"
    "ImageNet, ten crops: 40.7 % wrong, 18.2 % not among the first five; seven networks with additional "
    "pictures 15.4 %. Caffe's replica, one crop: 57.1 % right, 80.2 % among five." STORY_HOW STORY_ERRATA,
    .switches = paper_switches,
    .preprocess = &cairn_preprocess_caffe_227,
    .build = build_paper,
    COMMON,
};

const cairn_model cairn_model_alexnet_tutorial = {
    .name = "alexnet.tutorial",
    .flavour = "tutorial",
    .h = 224,
    .w = 224,
    .story = STORY_WHY
    "This is what the tutorial's code builds: four convolutions of 96, 256, 384 and 256 maps (the "
    "paper's fourth, 384 to 384, is missing), no groups, no response normalisation, and 224 pixels "
    "without padding, which give maps of 54, 26, 12 and 5 instead of 55, 27, 13 and 6. No weights of "
    "it are published." STORY_HOW STORY_ERRATA,
    .preprocess = &cairn_preprocess_torch,
    .build = build_tutorial,
    COMMON,
};
