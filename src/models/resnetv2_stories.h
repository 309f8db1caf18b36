/* The words of resnetv2.c's entries, put together from what is common, what a flavour differs in, and what
 * was measured. */
#ifndef CAIRN_MODELS_RESNETV2_STORIES_H
#define CAIRN_MODELS_RESNETV2_STORIES_H

#include "models/residual.h"

#define STORY_WHY                                                                                            \
    "In the ResNet of 2015 a ReLU follows each sum, so that no value passes a block unchanged "              \
    "and nothing negative ever does. This one moves normalisation and ReLU in front of the "                 \
    "convolutions: a block is x + F(relu(norm(x))), the shortcut is the identity from the first "            \
    "block to the last, and the gradient of any layer is that of the end plus something. The "               \
    "gain shows in deep networks: on CIFAR-10 with 1001 layers 4.92 % wrong instead of 7.61 %; "             \
    "with 50 layers hardly any."

#define STORY_ERRATA                                                                                         \
    "\n\n"                                                                                                   \
    "Where the tutorial errs: it says that only the residual path changes. There is also no ReLU "           \
    "after the sum, a projection takes the activated values, and a last normalisation and ReLU "             \
    "follow the last block. Its code (Keras') strides in a stage's last block, beside a pool as "            \
    "the shortcut; the paper does not."

#define STORY_KERAS(figures)                                                                                 \
    STORY_WHY                                                                                                \
    "\n\n"                                                                                                   \
    "This is Keras' form and, but for one name, the tutorial's code. A stage halves the picture "            \
    "in its last block, not its first, and the shortcut takes every second pixel there (a 1x1 "              \
    "pool); the maps shrink one block earlier than in resnetv2_50 and its like, which saves 607 "            \
    "million multiplications. The first pool has zeros around it which win over negative values, "           \
    "for no ReLU precedes it. Biases where no normalisation follows. Pictures are mapped to "                \
    "-1..1.\n\n" figures "\n\n" CAIRN_HOW_IMAGENET STORY_ERRATA

#define STORY_TIMM(figures)                                                                                  \
    STORY_WHY                                                                                                \
    "\n\nThis is timm's form, close to the paper: a stage halves the picture in the 3x3 of its first block " \
    "(18 and 34 layers: in its first 3x3), where a 1x1 convolution of the activated values is the "          \
    "shortcut; no biases; the dense layer is stored as a 1x1 convolution. Files called _bit are of another " \
    "network. Keras' and the tutorial's form is resnet50v2.\n\n" figures                                     \
    "\n\n" CAIRN_HOW_IMAGENET STORY_ERRATA

#define STORY_CIFAR(figures)                                                                                 \
    STORY_WHY                                                                                                \
    "\n\n"                                                                                                   \
    "The paper's form for CIFAR: one 3x3 convolution, then three stages of 16, 32 and 64 maps at "           \
    "32, 16 and 8 pixels. 110 layers are blocks of two 3x3, whose shortcuts leave out pixels and "           \
    "add channels of zeros; 164 and 1001 layers are bottlenecks with four times the maps "                   \
    "outside, which stride in their first 1x1 and project in the first block of each stage.\n\n" figures     \
    "\n\n" CAIRN_HOW_CIFAR "The first 400 steps at 0.01." STORY_ERRATA

#define FIGURES_50_KERAS "ImageNet: 76.0 % right, 93.0 % among the first five (Keras' own figures)."
#define FIGURES_101_KERAS "ImageNet: 77.2 % right, 93.8 % among the first five (Keras' own figures)."
#define FIGURES_152_KERAS                                                                                    \
    "ImageNet: 78.0 % right, 94.2 % among the first five (Keras' own figures); the paper 78.9 and 94.5 % "   \
    "with pictures of 320."
#define FIGURES_SMALL "No figures of the paper: it has no v2 of so few layers for ImageNet."
#define FIGURES_50 "ImageNet: 81.4 % right at 288 pixels (timm, long training)."
#define FIGURES_101 "ImageNet: 83.0 % right at 288 pixels (timm, long training)."
#define FIGURES_152 "ImageNet: the paper's 152 layers are 78.9 % right with pictures of 320."
#define FIGURES_110 "CIFAR-10: 6.37 % wrong; the form of 2015 6.61 %."
#define FIGURES_164 "CIFAR-10: 5.46 % wrong; the form of 2015 5.93 %."
#define FIGURES_1001                                                                                         \
    "CIFAR-10: 4.92 % wrong with batch 128, 4.62 % with batch 64 (4.89 and 4.69 % on average); the form of " \
    "2015 7.61 %."

#endif
