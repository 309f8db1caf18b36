/* The words of googlenet.c's entries: what is common, what a flavour differs in, and what was measured. */
#ifndef CAIRN_MODELS_GOOGLENET_STORIES_H
#define CAIRN_MODELS_GOOGLENET_STORIES_H

#define STORY_WHY                                                                                            \
    "GoogLeNet won ImageNet 2014 with 6.67 % top-5 error and a ninth of AlexNet's parameters. "              \
    "Its module, Inception, does not choose a window: 1x1, 3x3, 5x5 and a pool stand side by "               \
    "side, and their maps are put together. 1x1 convolutions before the large windows reduce the "           \
    "maps first, which makes a 5x5 ten times cheaper; the mean over all pixels replaces most "               \
    "dense layers. Two small classifiers on modules 4a and 4d add 0.3 times their loss in "                  \
    "training, so that the early layers feel it; they are no part of the finished network.\n\n"

#define STORY_HOW                                                                                            \
    "\n\n"                                                                                                   \
    "Training, as Caffe's file was made: crops of 224, mirrored half of the time; SGD with "                 \
    "momentum 0.9, batch 32, weight decay 2e-4, learning rate 0.01 falling as the root of what "             \
    "is left, 60 epochs. The paper: crops of 8 to 100 % of the picture, rate less 4 % every 8 "              \
    "epochs, averaged weights."

#define STORY_ERRATA                                                                                         \
    "\n\n"                                                                                                   \
    "Where the tutorial errs: the network has 7.0 million parameters, not 4 (13.4 with its "                 \
    "heads; a twelfth of AlexNet's, as the paper has it, is 5). 6.67 % is the error of seven "               \
    "networks and 144 crops each; one network with one crop has 10.07 %. Later work found the "              \
    "heads to matter little and to regularise rather than to carry gradients."

#define STORY_TORCH                                                                                          \
    STORY_WHY                                                                                                \
    "This is torchvision's form: no biases but batch normalisation after each convolution (eps "             \
    "1e-3), no response normalisation, 3x3 where the paper has 5x5 (for the sake of the weights "            \
    "it took over), and a 2x2 fourth pool; 13,004,888 parameters with the heads. Its weights "               \
    "want pictures in -1..1. inception_v1.paper is the network of 2014, inception_v1.tutorial "              \
    "the tutorial's. ImageNet, one crop: 69.78 % right, 89.53 % among the first five "                       \
    "(torchvision)." STORY_HOW STORY_ERRATA

#define STORY_PAPER                                                                                          \
    STORY_WHY                                                                                                \
    "This is the network of 2014 as Caffe's files have it: biases, no batch normalisation, "                 \
    "response normalisation in the stem, pools that round up; 13,378,280 parameters with the "               \
    "heads. Pictures are blue, green, red minus 104, 117, 123. googlenet is torchvision's form, "            \
    "inception_v1.tutorial the tutorial's. ImageNet, one crop: 68.7 % right, 88.9 % among the "              \
    "first five (Caffe's weights); paper: 10.07 % not among the first five, 9.15 % with ten "                \
    "crops, 7.89 % with 144." STORY_HOW STORY_ERRATA

#define STORY_TUTORIAL                                                                                       \
    STORY_WHY                                                                                                \
    "This is what the tutorial's code builds, with its three outputs (13,354,200 parameters). It "           \
    "differs from the paper in five places: the fourth branch projects first and pools then; "               \
    "module 4d has 48 maps of 5x5, not 64; there is no response normalisation; the first "                   \
    "convolution pads 2 before and 3 behind; the pools stand on zeros. Its heads know 1000 "                 \
    "classes whatever n_classes says (here they know as many as the network), and its last cell "            \
    "calls inception_net, which is defined as inceptionv1_net. No weights of it are published." STORY_HOW    \
        STORY_ERRATA

#endif
