/* ResNet of 2015: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition". The
 * networks for ImageNet and for CIFAR-10, in the forms that people have weights of, and the same networks
 * without shortcuts, with which the paper compares them. residual.c builds them. */
#include "models/preprocess.h"
#include "models/residual.h"
#include "models/resnet_stories.h"

/* ---- whose code ---- */

static const cairn_residual_style torch = {.head = "fc"};
static const cairn_residual_style paper = {.head = "fc", .stride_first = true};
static const cairn_residual_style keras = {
    .names = CAIRN_RESIDUAL_KERAS, .head = "predictions", .stride_first = true, .bias = true, .keras = true};
static const cairn_residual_style tutorial = {
    .head = "fc", .stride_first = true, .bias = true, .same = true, .few_relus = true, .keras = true};
static const cairn_residual_style cifar = {.head = "linear", .small = true};
static const cairn_residual_style plain = {.head = "fc", .plain = true};
static const cairn_residual_style plain_cifar = {.head = "linear", .small = true, .plain = true};

/* ---- switches ---- */

#define SHORTCUT_B CAIRN_SWITCH_SHORTCUT("B|A-append|A-centred|C")
#define SHORTCUT_APPEND CAIRN_SWITCH_SHORTCUT("A-append|A-centred|B|C")
#define SHORTCUT_CENTRED CAIRN_SWITCH_SHORTCUT("A-centred|A-append|B|C")

static const cairn_switch torch_switches[] = {SHORTCUT_B, CAIRN_SWITCH_BN_EPS("1e-5"), {0}};
static const cairn_switch keras_switches[] = {SHORTCUT_B, CAIRN_SWITCH_BN_EPS("1.001e-5"), {0}};
static const cairn_switch tutorial_switches[] = {SHORTCUT_B, CAIRN_SWITCH_BN_EPS("1e-3"), {0}};
static const cairn_switch append_switches[] = {SHORTCUT_APPEND, CAIRN_SWITCH_BN_EPS("1e-5"), {0}};
static const cairn_switch cifar_switches[] = {SHORTCUT_CENTRED, CAIRN_SWITCH_BN_EPS("1e-5"), {0}};
static const cairn_switch plain_switches[] = {CAIRN_SWITCH_BN_EPS("1e-5"), {0}};

/* ---- names in files of other origin ---- */

/* Hugging Face's transformers. */
static const cairn_name_rule torch_names[] = {
    {"resnet.embedder.embedder.convolution", "conv1"},
    {"resnet.embedder.embedder.normalization", "bn1"},
    {"resnet.encoder.stages.#.layers.*.layer.#.convolution", "layer#.*.conv#"},
    {"resnet.encoder.stages.#.layers.*.layer.#.normalization", "layer#.*.bn#"},
    {"resnet.encoder.stages.#.layers.*.shortcut.convolution", "layer#.*.downsample.0"},
    {"resnet.encoder.stages.#.layers.*.shortcut.normalization", "layer#.*.downsample.1"},
    {"classifier.1", "fc"},
    {NULL, NULL},
};

/* Keras before 2.2.5: the shortcut is branch 1, and blocks have letters, or where there are too many of them
 * for the authors of the deeper networks a, b1, b2 ... */
#define OLD_LAYER(block, branch, ours)                                                                       \
    {"res*" block "_branch" branch, "conv*_block" ours "_conv"},                                             \
    {                                                                                                        \
        "bn*" block "_branch" branch, "conv*_block" ours "_bn"                                               \
    }
#define OLD_BLOCK(block, ours)                                                                               \
    OLD_LAYER(block, "1", ours "_0"), OLD_LAYER(block, "2a", ours "_1"), OLD_LAYER(block, "2b", ours "_2"),  \
        OLD_LAYER(block, "2c", ours "_3")

static const cairn_name_rule keras_names[] = {
    {"conv1", "conv1_conv"}, {"bn_conv1", "conv1_bn"},  OLD_BLOCK("a", "1"), OLD_BLOCK("b", "2"),
    OLD_BLOCK("c", "3"),     OLD_BLOCK("d", "4"),       OLD_BLOCK("e", "5"), OLD_BLOCK("f", "6"),
    OLD_BLOCK("b#", "#"),    {"fc1000", "predictions"}, {NULL, NULL},
};

static const cairn_name_rule cifar_names[] = {{"fc", "linear"}, {NULL, NULL}};

/* ---- the zoo's entries ---- */

#define PAPER "He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2015"
#define FOR_IMAGENET(prepared)                                                                               \
    .h = 224, .w = 224, .c = 3, .classes = 1000, .preprocess = &(prepared),                                  \
    .training = CAIRN_TRAINING_IMAGENET
#define FOR_CIFAR                                                                                            \
    .h = 32, .w = 32, .c = 3, .classes = 10, .preprocess = &cairn_preprocess_cifar10,                        \
    .training = CAIRN_TRAINING_CIFAR

/* The object cairn_model_ID and its builder. `blocks`, in brackets, is the paper's table. */
#define BLOCKS(...)                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define NETWORK(id, name_, family_, flavour_, style_, width_, deep, blocks_, story_, ...)                    \
    static cairn_val build_##id(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings)   \
    {                                                                                                        \
        static const cairn_residual_design design = {                                                        \
            .style = &(style_), .blocks = BLOCKS blocks_, .width = (width_), .bottleneck = (deep)};          \
        return cairn_residual_build(graph, image, settings, &design);                                        \
    }                                                                                                        \
    const cairn_model cairn_model_##id = {.name = (name_),                                                   \
                                          .family = (family_),                                               \
                                          .flavour = (flavour_),                                             \
                                          .year = 2015,                                                      \
                                          .paper = PAPER,                                                    \
                                          .story = story_,                                                   \
                                          .build = build_##id,                                               \
                                          __VA_ARGS__};

/* Table 1 of the paper, once for each flavour. */
#define DEPTH_18 (2, 2, 2, 2)
#define DEPTH_34 (3, 4, 6, 3)
#define DEPTH_50 (3, 4, 6, 3)
#define DEPTH_101 (3, 4, 23, 3)
#define DEPTH_152 (3, 8, 36, 3)

#define TORCH(depth, deep, words, figures)                                                                   \
    NETWORK(resnet##depth, "resnet" #depth, "ResNet", "torchvision", torch, 64, deep, DEPTH_##depth,         \
            STORY_IMAGENET(words, figures), .switches = torch_switches, .names = torch_names,                \
            FOR_IMAGENET(cairn_preprocess_torch))
TORCH(18, false, STORY_TORCH_BASIC, FIGURES_18)
TORCH(34, false, STORY_TORCH_BASIC, FIGURES_34)
TORCH(50, true, STORY_TORCH, FIGURES_50)
TORCH(101, true, STORY_TORCH, FIGURES_101)
TORCH(152, true, STORY_TORCH, FIGURES_152)

#define OF_PAPER(depth, deep, words, options, figures)                                                       \
    NETWORK(resnet##depth##_paper, "resnet" #depth ".paper", "ResNet", "paper", paper, 64, deep,             \
            DEPTH_##depth, STORY_IMAGENET(words, figures), .switches = (options), .names = torch_names,      \
            FOR_IMAGENET(cairn_preprocess_torch))
OF_PAPER(18, false, STORY_PAPER_BASIC, append_switches, FIGURES_18_PAPER)
OF_PAPER(34, false, STORY_PAPER_BASIC, append_switches, FIGURES_34_PAPER)
OF_PAPER(50, true, STORY_PAPER, torch_switches, FIGURES_50_PAPER)
OF_PAPER(101, true, STORY_PAPER, torch_switches, FIGURES_101_PAPER)
OF_PAPER(152, true, STORY_PAPER, torch_switches, FIGURES_152_PAPER)

#define KERAS(depth, figures)                                                                                \
    NETWORK(resnet##depth##_keras, "resnet" #depth ".keras", "ResNet", "keras", keras, 64, true,             \
            DEPTH_##depth, STORY_IMAGENET(STORY_KERAS, figures), .switches = keras_switches,                 \
            .names = keras_names, FOR_IMAGENET(cairn_preprocess_keras_caffe))
KERAS(50, FIGURES_50_KERAS)
KERAS(101, FIGURES_101_KERAS)
KERAS(152, FIGURES_152_KERAS)

#define TUTORIAL(depth, deep)                                                                                \
    NETWORK(resnet##depth##_tutorial, "resnet" #depth ".tutorial", "ResNet", "tutorial", tutorial, 64, deep, \
            DEPTH_##depth, STORY_TUTORIAL, .switches = tutorial_switches,                                    \
            FOR_IMAGENET(cairn_preprocess_torch))
TUTORIAL(18, false)
TUTORIAL(34, false)
TUTORIAL(50, true)
TUTORIAL(101, true)
TUTORIAL(152, true)

/* 6 n + 2 layers: n blocks in each of three stages. */
#define CIFAR(depth, n, figures)                                                                             \
    NETWORK(resnet##depth, "resnet" #depth, "ResNet", "cifar", cifar, 16, false, (n, n, n),                  \
            STORY_CIFAR(figures), .switches = cifar_switches, .names = cifar_names, FOR_CIFAR)
CIFAR(20, 3, "8.75 % of CIFAR-10's test pictures wrong (files that people have: 8.27 %).")
CIFAR(32, 5, "7.51 % of CIFAR-10's test pictures wrong (files that people have: 7.37 %).")
CIFAR(44, 7, "7.17 % of CIFAR-10's test pictures wrong (files that people have: 6.90 %).")
CIFAR(56, 9, "6.97 % of CIFAR-10's test pictures wrong (files that people have: 6.61 %).")
CIFAR(110, 18, "6.43 % of CIFAR-10's test pictures wrong, the best of five runs; 6.61 % on average.")

#define PLAIN(depth, figures)                                                                                \
    NETWORK(plain##depth, "plain" #depth, "plain", "paper", plain, 64, false, DEPTH_##depth,                 \
            STORY_PLAIN(figures, CAIRN_HOW_IMAGENET), .switches = plain_switches,                            \
            FOR_IMAGENET(cairn_preprocess_torch))
PLAIN(18, "Ten crops, ImageNet: 27.94 % wrong, about as resnet18.paper (27.88 %).")
PLAIN(34, "Ten crops, ImageNet: 28.54 % wrong, worse than plain18 (27.94 %); resnet34.paper: 25.03 %.")

#define PLAIN_CIFAR(depth, n)                                                                                \
    NETWORK(plain##depth, "plain" #depth, "plain", "cifar", plain_cifar, 16, false, (n, n, n),               \
            STORY_PLAIN(FIGURES_PLAIN_CIFAR, CAIRN_HOW_CIFAR), .switches = plain_switches,                   \
            .names = cifar_names, FOR_CIFAR)
PLAIN_CIFAR(20, 3)
PLAIN_CIFAR(32, 5)
PLAIN_CIFAR(44, 7)
PLAIN_CIFAR(56, 9)
