/* The words of resnet.c's entries, put together from what is common, what a flavour differs in, and what was
 * measured. */
#ifndef CAIRN_MODELS_RESNET_STORIES_H
#define CAIRN_MODELS_RESNET_STORIES_H

#include "models/residual.h"

#define STORY_WHY                                                                                            \
    "Deeper networks ought to be at least as good: what is added could pass its input on. In "               \
    "training they were worse, on the training set too. ResNet lets each pair or triple of "                 \
    "layers learn a change to its input instead of a whole new value, relu(F(x) + x): to pass on "           \
    "is then to learn zero, and gradients reach every block through the sums. It won ImageNet "              \
    "2015 with 152 layers (3.57 % top-5 error, six networks); a year before, 19 and 22 were many.\n\n"       \
    "A 7x7 convolution and a pool quarter the picture's side; four stages follow, each of half "             \
    "the size and twice the width; then the mean over all pixels and a dense layer. 18 and 34 "              \
    "layers use blocks of two 3x3, deeper ones bottlenecks: 1x1 to fewer maps, 3x3, 1x1 back to "            \
    "four times as many."

#define STORY_ERRATA                                                                                         \
    "\n\nWhere the tutorial errs: it says that ResNet solves vanishing gradients; the paper finds healthy "  \
    "gradients in the normalised networks without shortcuts and calls their trouble one of optimisation."

#define STORY_IMAGENET(flavour, figures)                                                                     \
    STORY_WHY "\n\n" flavour " " figures "\n\n" CAIRN_HOW_IMAGENET STORY_ERRATA

#define STORY_TORCH                                                                                          \
    "This is torchvision's form, v1.5, whose weights most people have: a bottleneck halves the "             \
    "picture in its 3x3, which sees every pixel and costs 6 % more in 50 layers, not in its "                \
    "first 1x1 as in the paper (.paper). Shortcuts that change the shape are 1x1 convolutions "              \
    "(option B). .keras has Keras' biases and names, .tutorial is what the tutorial's code "                 \
    "builds."

#define STORY_TORCH_BASIC                                                                                    \
    "This is torchvision's form: where the shape changes, shortcuts are 1x1 convolutions (option "           \
    "B). .paper has shortcuts without parameters, .tutorial is what the tutorial's code builds."

#define STORY_PAPER                                                                                          \
    "The form of 2015: a bottleneck halves the picture in its first 1x1, so that three of four pixels are "  \
    "never seen there. The parameters are those of torchvision's form, which moved the stride to the 3x3 "   \
    "and gained about half a percent."

#define STORY_PAPER_BASIC                                                                                    \
    "The form with which the paper compares depths: shortcuts without parameters (option A) "                \
    "leave out pixels and append channels of zeros, so that this network and the plain one of "              \
    "its depth have the very same weights. With --set shortcut=B it is torchvision's."

#define STORY_KERAS                                                                                          \
    "Keras' form: strides as in the paper, every convolution with a bias although normalisation makes it "   \
    "idle, eps 1.001e-5 (older files: --set bn_eps=1e-3), pictures as blue, green, red minus their means. "  \
    "The older names of its layers (res2a_branch2a) are understood."

#define FIGURES_18                                                                                           \
    "ImageNet, one crop: 69.76 % right, 89.08 % among the first five (torchvision); 71.5 % with timm's "     \
    "longer recipe."
#define FIGURES_34 "ImageNet, one crop: 73.31 % right, 91.42 % among the first five (torchvision)."
#define FIGURES_50                                                                                           \
    "ImageNet, one crop: 76.13 % right, 92.86 % among the first five (torchvision); 80.86 % when trained "   \
    "for 600 epochs with the methods of 2021."
#define FIGURES_101                                                                                          \
    "ImageNet, one crop: 77.37 % right, 93.55 % among the first five (torchvision); 81.89 % when trained "   \
    "for 600 epochs with the methods of 2021."
#define FIGURES_152                                                                                          \
    "ImageNet, one crop: 78.31 % right, 94.05 % among the first five (torchvision); 82.28 % when trained "   \
    "for 600 epochs with the methods of 2021."
#define FIGURES_18_PAPER "ImageNet, ten crops: 27.88 % wrong; without shortcuts 27.94 %."
#define FIGURES_34_PAPER                                                                                     \
    "ImageNet, ten crops: 25.03 % wrong, 7.76 % not among the first five (option B 24.52, C 24.19 %); "      \
    "without shortcuts 28.54 %."
#define FIGURES_50_PAPER "ImageNet: 22.9 % wrong with ten crops, 24.7 % with one (top five: 6.7, 7.8 %)."
#define FIGURES_101_PAPER "ImageNet: 21.8 % wrong with ten crops, 23.6 % with one (top five: 6.1, 7.1 %)."
#define FIGURES_152_PAPER                                                                                    \
    "ImageNet: 21.4 % wrong with ten crops, 23.0 % with one (top five: 5.7, 6.7 %); 19.4 % with several "    \
    "scales."
#define FIGURES_50_KERAS "ImageNet: 74.9 % right, 92.1 % among the first five (Keras' own figures)."
#define FIGURES_101_KERAS "ImageNet: 76.4 % right, 92.8 % among the first five (Keras' own figures)."
#define FIGURES_152_KERAS "ImageNet: 76.6 % right, 93.1 % among the first five (Keras' own figures)."

#define STORY_TUTORIAL                                                                                       \
    STORY_WHY                                                                                                \
    "\n\n"                                                                                                   \
    "This is what the tutorial's code builds, exactly. Three helpers, conv3_relu among them, "               \
    "have no ReLU whatever their names say: a block of two 3x3 is linear up to its sum, a "                  \
    "bottleneck has one ReLU inside instead of two, the stem none. Convolutions have biases; "               \
    "padding is TensorFlow's, the odd pixel after; the stride is on the first 1x1 as in the "                \
    "paper; eps is 1e-3. No weights of it are published.\n\n" CAIRN_HOW_IMAGENET STORY_ERRATA

#define STORY_CIFAR(figures)                                                                                 \
    "The paper's networks for CIFAR-10, with which it studies depth itself: one 3x3 convolution, "           \
    "then three stages of blocks of two 3x3 with 16, 32 and 64 maps at 32, 16 and 8 pixels, the "            \
    "mean over all pixels and a dense layer; 6 n + 2 layers in all. A block computes relu(F(x) + "           \
    "x). Twenty layers learn with or without shortcuts; from about forty on the plain networks "             \
    "(plain44, plain56) learn worse the deeper they are, and these learn better.\n\n"                        \
    "No shortcut has parameters: option A leaves out pixels and adds channels of zeros. The "                \
    "paper appends them (--set shortcut=A-append); the files that people have put half of them "             \
    "on each side, which is the default here.\n\n" figures "\n\n" CAIRN_HOW_CIFAR                            \
    "110 layers want a few hundred steps at 0.01 first." STORY_ERRATA

#define STORY_PLAIN(figures, how)                                                                            \
    "A ResNet without its shortcuts, layer for layer; the paper's control. It shows the problem that "       \
    "shortcuts solve: beyond some twenty layers a plain network has a larger training error the deeper it "  \
    "is. This is not overfitting, for the training error itself is larger. Nor do gradients vanish, as the " \
    "tutorial has it: the paper finds them healthy, and at the first step they rather grow with depth.\n\n"  \
    "Train it beside the ResNet of its depth and compare the curves.\n\n" figures "\n\n" how

#define FIGURES_PLAIN_CIFAR                                                                                  \
    "CIFAR-10: the error rises with depth, beyond 10 % for plain56, where resnet56 has 6.97 %."

#endif
