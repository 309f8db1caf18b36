/* Inception-ResNet: C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the
 * impact of residual connections on learning", 2016. Modules of branches whose result is added to their
 * input. inception_resnet_v1          as in the paper's figures, of v3's cost inception_resnet_v2, .keras  as
 * in TensorFlow's code, of v4's cost; timm's names, and Keras' */
#include "models/inception.h"
#include "models/named.h"
#include "models/preprocess.h"
#include "models/switches.h"
#include <stdio.h>

/* What the two differ in, besides stem and end: how often each block stands there, and widths. */
typedef struct design {
    int blocks[3];
    int a[2];           /* block A: both 3x3 of the third branch */
    int b_one, b[3];    /* block B: 1x1, and 1x1, 1x7, 7x1 */
    int c[3];           /* block C: 1x1, 1x3, 3x1 */
    int reduction_a[3]; /* 1x1, 3x3, 3x3 of the second branch */
    int reduction_b[3]; /* last of the second branch, last two of the third */
} design;

static const design v1 = {
    .blocks = {5, 10, 5},
    .a = {32, 32},
    .b_one = 128,
    .b = {128, 128, 128},
    .c = {192, 192, 192},
    .reduction_a = {192, 192, 256},
    .reduction_b = {256, 256, 256},
};
static const design v2 = {
    .blocks = {10, 20, 9},
    .a = {48, 64},
    .b_one = 192,
    .b = {128, 160, 192},
    .c = {192, 224, 256},
    .reduction_a = {256, 256, 384},
    .reduction_b = {288, 288, 320},
};

typedef struct network {
    cairn_inception units;
    const design *design;
    cairn_init bias;
} network;

/* Which block: Keras counts from 1. */
typedef struct place {
    const char *keras;
    int number;
    double scale; /* of what is added: without it wide networks die early in training */
    bool relu;
} place;

static cairn_val halve(const network *net, cairn_val x)
{
    return cairn_maxpool(net->units.graph, x, .k = 3, .stride = 2);
}

/* relu(x + scale * up(branches)), where `up` is a 1x1 to as many maps as x has, not normalised. */
static cairn_val add_to(const network *net, cairn_val x, cairn_val branches, const place *at)
{
    cairn_graph *g = net->units.graph;
    char name[32] = "conv2d";
    if (net->units.names == CAIRN_INCEPTION_KERAS)
        snprintf(name, sizeof name, "%s_%d_conv", at->keras, at->number);
    cairn_val up = cairn_conv2d(g, branches, name, (int)cairn_shape_of(g, x).dim[2], .k = 1,
                                .init = net->units.init, .bias_init = net->bias);
    up = cairn_scale(g, up, at->scale);
    char sum[32], relu[32];
    bool keras = net->units.names == CAIRN_INCEPTION_KERAS;
    snprintf(sum, sizeof sum, "%s_%d", at->keras, at->number);
    snprintf(relu, sizeof relu, "%s_%d_ac", at->keras, at->number);
    x = cairn_add_named(g, x, up, keras ? sum : NULL);
    return at->relu ? cairn_relu_named(g, x, keras ? relu : NULL) : x;
}

static cairn_val block_a(network *net, cairn_val x, const place *at)
{
    const int *w = net->design->a;
    cairn_val one = BRANCH(&net->units, x, "branch0", POINT(32));
    cairn_val three = BRANCH(&net->units, x, "branch1", POINT(32), SQUARE(3, 32));
    cairn_val threes = BRANCH(&net->units, x, "branch2", POINT(32), SQUARE(3, w[0]), SQUARE(3, w[1]));
    cairn_inception_name_join(&net->units, "%s_%d_mixed", at->keras, at->number);
    return add_to(net, x, JOIN_NAMED(&net->units, one, three, threes), at);
}

static cairn_val block_b(network *net, cairn_val x, const place *at)
{
    const int *w = net->design->b;
    cairn_val one = BRANCH(&net->units, x, "branch0", POINT(net->design->b_one));
    cairn_val seven = BRANCH(&net->units, x, "branch1", POINT(w[0]), ROW(7, w[1]), COLUMN(7, w[2]));
    cairn_inception_name_join(&net->units, "%s_%d_mixed", at->keras, at->number);
    return add_to(net, x, JOIN_NAMED(&net->units, one, seven), at);
}

static cairn_val block_c(network *net, cairn_val x, const place *at)
{
    const int *w = net->design->c;
    cairn_val one = BRANCH(&net->units, x, "branch0", POINT(192));
    cairn_val three = BRANCH(&net->units, x, "branch1", POINT(w[0]), ROW(3, w[1]), COLUMN(3, w[2]));
    cairn_inception_name_join(&net->units, "%s_%d_mixed", at->keras, at->number);
    return add_to(net, x, JOIN_NAMED(&net->units, one, three), at);
}

static cairn_val reduction_a(network *net, cairn_val x)
{
    const int *w = net->design->reduction_a;
    cairn_val three = BRANCH(&net->units, x, "branch0", HALVE(384));
    cairn_val threes = BRANCH(&net->units, x, "branch1", POINT(w[0]), SQUARE(3, w[1]), HALVE(w[2]));
    return JOIN_NAMED(&net->units, three, threes, halve(net, x));
}

static cairn_val reduction_b(network *net, cairn_val x)
{
    const int *w = net->design->reduction_b;
    cairn_val a = BRANCH(&net->units, x, "branch0", POINT(256), HALVE(384));
    cairn_val b = BRANCH(&net->units, x, "branch1", POINT(256), HALVE(w[0]));
    cairn_val c = BRANCH(&net->units, x, "branch2", POINT(256), SQUARE(3, w[1]), HALVE(w[2]));
    return JOIN_NAMED(&net->units, a, b, c, halve(net, x));
}

typedef struct stage {
    const char *scope, *keras;
    cairn_val (*block)(network *net, cairn_val x, const place *at);
    double scale;
    const char *reduction;
    cairn_val (*reduce)(network *net, cairn_val x);
} stage;

static const stage stages[3] = {
    {"repeat", "block35", block_a, 0.17, "mixed_6a", reduction_a},   /* 35 x 35, to 17 x 17 */
    {"repeat_1", "block17", block_b, 0.10, "mixed_7a", reduction_b}, /* 17 x 17, to 8 x 8 */
    {"repeat_2", "block8", block_c, 0.20, NULL, NULL},               /* 8 x 8 */
};

static cairn_val trunk(network *net, cairn_val x)
{
    char scope[32];
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < net->design->blocks[k]; i++) {
            snprintf(scope, sizeof scope, "%s.%d", stages[k].scope, i);
            cairn_inception_enter(&net->units, scope);
            x = stages[k].block(net, x, &(place){stages[k].keras, i + 1, stages[k].scale, true});
            cairn_inception_leave(&net->units);
        }
        if (stages[k].reduce == NULL)
            continue;
        cairn_inception_enter(&net->units, stages[k].reduction);
        cairn_inception_name_join(&net->units, "%s", stages[k].reduction);
        x = stages[k].reduce(net, x);
        cairn_inception_leave(&net->units);
    }
    return x;
}

/* To 71 x 71 pixels of 299 x 299, as in v3. */
static cairn_val stem(network *net, cairn_val x)
{
    x = BRANCH(&net->units, x, "conv2d_1a", HALVE(32));        /* (149, 149, 32) */
    x = BRANCH(&net->units, x, "conv2d_2a", VALID(3, 32));     /* (147, 147, 32) */
    x = BRANCH(&net->units, x, "conv2d_2b", SQUARE(3, 64));    /* (147, 147, 64) */
    x = halve(net, x);                                         /* (73, 73, 64) */
    x = BRANCH(&net->units, x, "conv2d_3b", POINT(80));        /* (73, 73, 80) */
    return BRANCH(&net->units, x, "conv2d_4a", VALID(3, 192)); /* (71, 71, 192) */
}

static cairn_val build_v1(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_TRUNCATED, 0.1f};
    network net = {.units = cairn_inception_start(g, s, CAIRN_INCEPTION_TIMM, init), .design = &v1};
    x = BRANCH(&net.units, stem(&net, x), "conv2d_4b", HALVE(256)); /* (35, 35, 256) */
    x = cairn_dropout(g, cairn_global_avgpool(g, trunk(&net, x)), 0.2f);
    return cairn_linear(g, x, "classif", s->classes, .init = init);
}

static cairn_val mixed_5b(network *net, cairn_val x)
{
    cairn_inception_enter(&net->units, "mixed_5b");
    cairn_val one = BRANCH(&net->units, x, "branch0", POINT(96));
    cairn_val five = BRANCH(&net->units, x, "branch1", POINT(48), SQUARE(5, 64));
    cairn_val threes = BRANCH(&net->units, x, "branch2", POINT(64), SQUARE(3, 96), SQUARE(3, 96));
    cairn_val pooled =
        cairn_avgpool(net->units.graph, x, .k = 3, .stride = 1, .pad = 1, .exclude_padding = true);
    pooled = BRANCH(&net->units, pooled, "branch3.1", POINT(64));
    cairn_inception_name_join(&net->units, "mixed_5b");
    x = JOIN_NAMED(&net->units, one, five, threes, pooled); /* (35, 35, 320) */
    cairn_inception_leave(&net->units);
    return x;
}

/* From the picture to 1536 maps of 8 x 8. */
static cairn_val body_v2(network *net, cairn_val x)
{
    x = trunk(net, mixed_5b(net, halve(net, stem(net, x))));
    cairn_inception_enter(&net->units, "block8");
    x = block_c(net, x, &(place){"block8", net->design->blocks[2] + 1, 1.0, false});
    cairn_inception_leave(&net->units);
    return x;
}

static cairn_val build_v2(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_TORCH, 0};
    network net = {
        .units = cairn_inception_start(g, s, CAIRN_INCEPTION_TIMM, init), .design = &v2, .bias = init};
    x = BRANCH(&net.units, body_v2(&net, x), "conv2d_7b", POINT(1536));
    x = cairn_dropout(g, cairn_global_avgpool(g, x), 0.2f);
    return cairn_linear(g, x, "classif", s->classes, .init = init, .bias_init = init);
}

static cairn_val build_keras(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_GLOROT_UNIFORM, 0};
    network net = {.units = cairn_inception_start(g, s, CAIRN_INCEPTION_KERAS, init), .design = &v2};
    x = cairn_conv2d(g, body_v2(&net, x), "conv_7b", 1536, .k = 1, .no_bias = true);
    x = cairn_relu_named(g, cairn_batchnorm_with(g, x, "conv_7b_bn", net.units.norm), "conv_7b_ac");
    return cairn_linear(g, cairn_global_avgpool_named(g, x, "avg_pool"), "predictions", s->classes);
}

/* ---- the zoo's entries ---- */

#define COMMON                                                                                               \
    .family = "Inception", .year = 2016, .h = 299, .w = 299, .c = 3, .classes = 1000,                        \
    .paper = "Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the impact of residual "  \
             "connections on learning, 2016",                                                                \
    .switches = switches,                                                                                    \
    .training = {.batch = 32,                                                                                \
                 .epochs = 100,                                                                              \
                 .lr = 0.045f,                                                                               \
                 .momentum = 0.9f,                                                                           \
                 .weight_decay = 4e-5f,                                                                      \
                 .label_smoothing = 0.1f,                                                                    \
                 .schedule = "cosine",                                                                       \
                 .warmup = 2}

#define STORY_WHY                                                                                            \
    "Inception-ResNet puts the two designs of 2015 together: a module of branches computes what is added "   \
    "to "                                                                                                    \
    "its input, as in ResNet. Such networks learn markedly faster than the pure ones of the same cost and "  \
    "end a little better. Very wide ones died early in training; to multiply what is added by 0.1 to 0.3 "   \
    "keeps them alive. 1x1 convolutions without normalisation bring each module back to the width of its "   \
    "input.\n\n"

#define STORY_HOW                                                                                            \
    "\n\nTraining, as published: RMSProp with decay 0.9 and epsilon 1, 20 replicas of 32 pictures, "         \
    "learning "                                                                                              \
    "rate 0.045 times 0.94 every two epochs, dropout 0.2 before the last layer, averaged weights for the "   \
    "test.\n\n"                                                                                              \
    "Where the tutorial errs: it names v4 as the network that takes over ResNet's structure. That is this "  \
    "one; v4 itself has no shortcuts. It gives no code."

#define FIGURES_V2                                                                                           \
    "ImageNet, one crop: 80.43 % right, 95.31 % among the first five (timm); 80.3 and 95.3 % (Keras); "      \
    "paper: "                                                                                                \
    "19.9 % wrong, 4.9 % not among five; 17.8 and 3.7 % with 144 crops."

static const cairn_switch switches[] = {CAIRN_SWITCH_BN_EPS("1e-3"), {0}};

/* The names that a program after the paper gives: stem1, a.0, red_a, b.0, red_b, c.0, up. */
#define BLOCK_NAMES(theirs, ours)                                                                            \
    {theirs ".*.up", ours ".*.conv2d"}, {theirs ".*.branch0.0.*", ours ".*.branch0.*"},                      \
    {                                                                                                        \
        theirs ".*.*.*.*", ours ".*.*.*.*"                                                                   \
    }
static const cairn_name_rule v1_names[] = {
    {"stem1.*", "conv2d_1a.*"},
    {"stem2.*", "conv2d_2a.*"},
    {"stem3.*", "conv2d_2b.*"},
    {"stem4.*", "conv2d_3b.*"},
    {"stem5.*", "conv2d_4a.*"},
    {"stem6.*", "conv2d_4b.*"},
    BLOCK_NAMES("a", "repeat"),
    {"red_a.branch0.0.*", "mixed_6a.branch0.*"},
    {"red_a.*.*.*", "mixed_6a.*.*.*"},
    BLOCK_NAMES("b", "repeat_1"),
    {"red_b.*.*.*", "mixed_7a.*.*.*"},
    BLOCK_NAMES("c", "repeat_2"),
    {"fc", "classif"},
    {NULL, NULL},
};

const cairn_model cairn_model_inception_resnet_v1 = {
    .name = "inception_resnet_v1",
    .flavour = "paper",
    .story = STORY_WHY
    "This is the smaller one, of about Inception v3's cost, as in the paper's figures: 5, 10 and 5 "
    "blocks. No weights for ImageNet "
    "are at large; its layers are called as in inception_resnet_v2. FaceNet's code follows it with one "
    "block more.\n\n"
    "ImageNet, one crop: 21.3 % wrong, 5.5 % not among the first five; 18.8 and 4.3 % with 144 crops "
    "(paper)." STORY_HOW,
    .names = v1_names,
    .preprocess = &cairn_preprocess_timm_half_299,
    .build = build_v1,
    COMMON,
};

const cairn_model cairn_model_inception_resnet_v2 = {
    .name = "inception_resnet_v2",
    .flavour = "timm",
    .story = STORY_WHY
    "This is the larger one, of about Inception v4's cost, as TensorFlow's code and timm have it, with "
    "timm's names: v3's stem, 10, 20 and 10 blocks (the paper's figures show v4's stem and 5, 10 and 5); "
    "the last block adds without scale and ReLU.\n\n" FIGURES_V2 STORY_HOW,
    .preprocess = &cairn_preprocess_timm_half_333,
    .build = build_v2,
    COMMON,
};

const cairn_model cairn_model_inception_resnet_v2_keras = {
    .name = "inception_resnet_v2.keras",
    .flavour = "keras",
    .story = STORY_WHY
    "This is the larger one, of about Inception v4's cost, in Keras' form: normalisation without gamma, "
    "no dropout, layers called by their numbers (conv2d, conv2d_1 ...) but for block35_1_conv and its "
    "like, pictures in -1..1. Keras prints 55,873,736 parameters, the statistics among them.\n\n" FIGURES_V2
        STORY_HOW,
    .preprocess = &cairn_preprocess_keras_tf_299,
    .build = build_keras,
    COMMON,
};
