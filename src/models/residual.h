/* What the residual networks share: He et al. 2015, and Xie et al. 2016, who divide the middle convolution of
 * each block into groups. A network is a design (how deep, how wide) in a style (whose code it follows). */
#ifndef CAIRN_MODELS_RESIDUAL_H
#define CAIRN_MODELS_RESIDUAL_H

#include "models/switches.h"
#include <cairn/graph.h>
#include <cairn/models.h>

#define CAIRN_RESIDUAL_STAGES 4

/* How the layers are called in the weights that people have. */
typedef enum cairn_residual_names {
    CAIRN_RESIDUAL_TORCH, /* conv1, bn1, layer1.0.conv1, layer1.0.downsample.0 */
    CAIRN_RESIDUAL_KERAS, /* conv1_conv, conv1_bn, conv2_block1_1_conv, conv2_block1_0_conv */
} cairn_residual_names;

typedef struct cairn_residual_style {
    cairn_residual_names names;
    const char *head;  /* the name of the dense layer */
    bool small;        /* pictures of 32 x 32: begins with one 3x3 convolution, no pool */
    bool stride_first; /* a bottleneck strides in its first 1x1, as in the paper, not in its 3x3 */
    bool bias;         /* convolutions have biases, though a normalisation follows */
    bool same;         /* TensorFlow's padding: the odd pixel after */
    bool few_relus;    /* none in the stem, none after a 3x3 */
    bool plain;        /* no shortcuts */
    bool keras;        /* running statistics and initial weights as Keras makes them */
} cairn_residual_style;

typedef struct cairn_residual_design {
    const cairn_residual_style *style;
    int blocks[CAIRN_RESIDUAL_STAGES]; /* in each stage; 0 ends them */
    int width;                         /* of the first stage's 3x3; each later stage has twice as much */
    bool bottleneck;                   /* 1x1, 3x3, 1x1 to four times the width; else two 3x3 */
    int groups, group_width;           /* [1 group, as wide as the stage] of the 3x3, in the first stage */
} cairn_residual_design;

/* The whole network, from the picture to the logits. Reads the switches bn_eps and, unless plain, shortcut.
 */
cairn_val cairn_residual_build(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings,
                               const cairn_residual_design *design);

/* The shortcut without parameters (option A) to `out` channels: pixels are left out and channels of zeros
 * added behind those there are, or half of them before. */
cairn_val cairn_residual_pad(cairn_graph *graph, cairn_val x, int out, int stride, bool centred);

/* Switches of all of them. The default stands first. */
#define CAIRN_SWITCH_SHORTCUT(values)                                                                        \
    {                                                                                                        \
        "shortcut", values, "where the shape changes: A adds zeros, B projects; C always projects", NULL, 0  \
    }

/* Training as the papers did it, for batches that fit a workstation: their learning rates are for 256
 * pictures of ImageNet and are scaled with the batch. */
#define CAIRN_TRAINING_IMAGENET                                                                              \
    {                                                                                                        \
        .batch = 64, .epochs = 90, .lr = 0.025f, .momentum = 0.9f, .weight_decay = 1e-4f,                    \
        .schedule = "cosine", .warmup = 5                                                                    \
    }
#define CAIRN_TRAINING_CIFAR                                                                                 \
    {                                                                                                        \
        .batch = 128, .epochs = 100, .lr = 0.1f, .momentum = 0.9f, .weight_decay = 5e-4f, .nesterov = true,  \
        .schedule = "cosine", .warmup = 2                                                                    \
    }

#define CAIRN_HOW_IMAGENET                                                                                   \
    "Training, by the usual recipe: crops of 8 to 100 % of the picture, mirrored half of the "               \
    "time; SGD with momentum 0.9, batch 256, learning rate 0.1 divided by 10 every 30 of 90 "                \
    "epochs, weight decay 1e-4."
#define CAIRN_HOW_CIFAR                                                                                      \
    "Training, as published: crops of 32 after padding by 4, mirrored half of the time; SGD with "           \
    "momentum 0.9, batch 128, learning rate 0.1 divided by 10 after 32,000 and 48,000 of 64,000 "            \
    "steps, weight decay 1e-4. Nesterov's momentum, decay 5e-4 and a cosine do a little better. "

#endif
