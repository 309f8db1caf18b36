/* ResNeXt: S. Xie, R. Girshick, P. Dollar, Z. Tu, K. He, "Aggregated residual transformations for deep neural
 * networks", 2016. A ResNet of bottlenecks whose 3x3 has groups; residual.c builds it. */
#include "models/preprocess.h"
#include "models/residual.h"

static const cairn_residual_style imagenet = {.head = "fc"};
static const cairn_residual_style cifar = {.head = "fc", .small = true};

static const cairn_switch switches[] = {
    CAIRN_SWITCH_SHORTCUT("B|A-append|A-centred|C"), CAIRN_SWITCH_BN_EPS("1e-5"), {0}};

#define PAPER                                                                                                \
    "Xie, Girshick, Dollar, Tu, He: Aggregated residual transformations for deep neural networks, 2016"

#define STORY_WHY                                                                                            \
    "Inception splits, transforms and merges, with every branch designed by hand. ResNeXt takes many "       \
    "branches that are all alike: so many paths of 1x1, a narrow 3x3 and 1x1, which are added. This is "     \
    "the same as one bottleneck whose 3x3 has groups (the paper's forms a, b and c give the same numbers), " \
    "and so a ResNet becomes a ResNeXt by one argument. The number of paths, the cardinality, is a third "   \
    "measure beside depth and width; at equal cost more paths do better than more layers or wider ones. "    \
    "It came second in ImageNet 2016."
#define STORY_IMAGENET(figures)                                                                              \
    STORY_WHY                                                                                                \
    "\n\nThe name says paths x width of each in the first stage: 32x4d is 32 paths of 4 maps, and "          \
    "each later stage has twice the width. The stride is on the 3x3, as in torchvision's ResNet. "           \
    "The tutorial has no code for it, only a reference.\n\n" figures "\n\n" CAIRN_HOW_IMAGENET
#define STORY_CIFAR(figures)                                                                                 \
    STORY_WHY                                                                                                \
    "\n\nThe form for CIFAR: a 3x3 convolution, three stages of three blocks at 32, 16 and 8 pixels "        \
    "with 256, 512 and 1024 maps out. The activation follows the sum, as in the published code; the "        \
    "paper's "                                                                                               \
    "text has it before.\n\n" figures "\n\n"                                                                 \
    "Training as published: batch 128, Nesterov's momentum 0.9, learning rate 0.1 divided by 10 after "      \
    "epochs 150 and 225 of 300, weight decay 5e-4; crops after padding by 4, mirrored half of the time."

/* The object cairn_model_ID and its builder: so many groups of so many maps in each 3x3 of the first stage.
 */
#define BLOCKS(...)                                                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define NETWORK(id, flavour_, style_, blocks_, groups_, group_width_, ...)                                   \
    static cairn_val build_##id(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings)   \
    {                                                                                                        \
        static const cairn_residual_design design = {.style = &(style_),                                     \
                                                     .blocks = BLOCKS blocks_,                               \
                                                     .width = 64,                                            \
                                                     .bottleneck = true,                                     \
                                                     .groups = (groups_),                                    \
                                                     .group_width = (group_width_)};                         \
        return cairn_residual_build(graph, image, settings, &design);                                        \
    }                                                                                                        \
    const cairn_model cairn_model_##id = {.name = #id,                                                       \
                                          .family = "ResNeXt",                                               \
                                          .flavour = (flavour_),                                             \
                                          .year = 2016,                                                      \
                                          .c = 3,                                                            \
                                          .paper = PAPER,                                                    \
                                          .switches = switches,                                              \
                                          .build = build_##id,                                               \
                                          __VA_ARGS__};

#define IMAGENET(prepared, figures)                                                                          \
    .h = 224, .w = 224, .classes = 1000, .preprocess = &(prepared), .training = CAIRN_TRAINING_IMAGENET,     \
    .story = STORY_IMAGENET(figures)
#define CIFAR(figures)                                                                                       \
    .h = 32, .w = 32, .classes = 10, .preprocess = &cairn_preprocess_cifar10,                                \
    .training = CAIRN_TRAINING_CIFAR, .story = STORY_CIFAR(figures)

NETWORK(resnext50_32x4d, "torchvision", imagenet, (3, 4, 6, 3), 32, 4,
        IMAGENET(cairn_preprocess_torch,
                 "ImageNet, one crop: 77.62 % right, 93.70 % among the first five (torchvision; the paper "
                 "77.8 %), 81.20 % when trained for 600 epochs with the methods of 2021. ResNet-50, of the "
                 "same cost: 76.13 %."))
NETWORK(resnext101_32x4d, "timm", imagenet, (3, 4, 23, 3), 32, 4,
        IMAGENET(cairn_preprocess_torch,
                 "ImageNet, one crop: 78.8 % right in the paper. ResNet-101: 77.37 %."))
NETWORK(
    resnext101_32x8d, "torchvision", imagenet, (3, 4, 23, 3), 32, 8,
    IMAGENET(cairn_preprocess_torch,
             "ImageNet, one crop: 79.31 % right, 94.53 % among the first five (torchvision), 82.83 % when "
             "trained for 600 epochs with the methods of 2021."))
NETWORK(resnext101_64x4d, "torchvision", imagenet, (3, 4, 23, 3), 64, 4,
        IMAGENET(cairn_preprocess_torch_232,
                 "ImageNet, one crop: 83.25 % right, 96.45 % among the first five (torchvision, with the "
                 "methods of 2021); 79.6 % in the paper."))
NETWORK(resnext29_8x64d, "cifar", cifar, (3, 3, 3), 8, 64,
        CIFAR("3.65 % of CIFAR-10's test pictures wrong, 17.77 % of CIFAR-100's."))
NETWORK(resnext29_16x64d, "cifar", cifar, (3, 3, 3), 16, 64,
        CIFAR("3.58 % of CIFAR-10's test pictures wrong, 17.31 % of CIFAR-100's."))
