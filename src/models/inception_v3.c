/* Inception v3: C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception
 * architecture for computer vision", 2015. inception_v3 is torchvision's form; inception_v3.keras and
 * .tutorial are Keras', which the tutorial's code is. */
#include "models/inception.h"
#include "models/named.h"
#include "models/preprocess.h"
#include "models/switches.h"
#include <string.h>

#define AUX_WEIGHT 0.4

/* Keras' pools divide by the pixels that there are, torchvision's by nine. */
static cairn_val average(const cairn_inception *net, cairn_val x)
{
    return cairn_avgpool(net->graph, x, .k = 3, .stride = 1, .pad = 1,
                         .exclude_padding = net->names == CAIRN_INCEPTION_KERAS);
}

static cairn_val halve(const cairn_inception *net, cairn_val x)
{
    return cairn_maxpool(net->graph, x, .k = 3, .stride = 2);
}

/* Two 3x3 beside a 5x5. */
static cairn_val module_a(cairn_inception *net, cairn_val x, int pool)
{
    cairn_val one = BRANCH(net, x, "branch1x1", POINT(64));
    cairn_val five = BRANCH(net, x, "branch5x5", POINT(48), SQUARE(5, 64));
    cairn_val threes = BRANCH(net, x, "branch3x3dbl", POINT(64), SQUARE(3, 96), SQUARE(3, 96));
    cairn_val pooled = BRANCH(net, average(net, x), "branch_pool", POINT(pool));
    return JOIN_NAMED(net, one, five, threes, pooled);
}

/* From 35 x 35 to 17 x 17: convolutions and a pool at once, so that nothing is thrown away before it is seen.
 */
static cairn_val module_b(cairn_inception *net, cairn_val x, int unused)
{
    (void)unused;
    cairn_val three = BRANCH(net, x, "branch3x3", HALVE(384));
    cairn_val threes = BRANCH(net, x, "branch3x3dbl", POINT(64), SQUARE(3, 96), HALVE(96));
    return JOIN_NAMED(net, three, threes, halve(net, x));
}

/* A 7x7 as 1x7 and 7x1, and two of them. */
static cairn_val module_c(cairn_inception *net, cairn_val x, int c)
{
    cairn_val one = BRANCH(net, x, "branch1x1", POINT(192));
    cairn_val seven = BRANCH(net, x, "branch7x7", POINT(c), ROW(7, c), COLUMN(7, 192));
    cairn_val sevens =
        BRANCH(net, x, "branch7x7dbl", POINT(c), COLUMN(7, c), ROW(7, c), COLUMN(7, c), ROW(7, 192));
    cairn_val pooled = BRANCH(net, average(net, x), "branch_pool", POINT(192));
    return JOIN_NAMED(net, one, seven, sevens, pooled);
}

/* From 17 x 17 to 8 x 8. */
static cairn_val module_d(cairn_inception *net, cairn_val x, int unused)
{
    (void)unused;
    cairn_val three = BRANCH(net, x, "branch3x3", POINT(192), HALVE(320));
    cairn_val seven = BRANCH(net, x, "branch7x7x3", POINT(192), ROW(7, 192), COLUMN(7, 192), HALVE(192));
    return JOIN_NAMED(net, three, seven, halve(net, x));
}

/* 1x3 and 3x1 side by side: many maps for the last and smallest pictures. Keras joins each pair first, and
 * has a name for that of the first branch. */
static cairn_val module_e(cairn_inception *net, cairn_val x, int number)
{
    char name[CAIRN_INCEPTION_BYTES];
    memcpy(name, net->join, sizeof name);
    cairn_val one = BRANCH(net, x, "branch1x1", POINT(320));
    cairn_val three = BRANCH(net, x, "branch3x3_1", POINT(384));
    cairn_val three_a = BRANCH(net, three, "branch3x3_2a", ROW(3, 384));
    cairn_val three_b = BRANCH(net, three, "branch3x3_2b", COLUMN(3, 384));
    cairn_val threes = BRANCH(net, x, "branch3x3dbl", POINT(448), SQUARE(3, 384));
    cairn_val threes_a = BRANCH(net, threes, "branch3x3dbl_3a", ROW(3, 384));
    cairn_val threes_b = BRANCH(net, threes, "branch3x3dbl_3b", COLUMN(3, 384));
    cairn_val pooled = BRANCH(net, average(net, x), "branch_pool", POINT(192));
    if (net->names != CAIRN_INCEPTION_KERAS)
        return JOIN_NAMED(net, one, three_a, three_b, threes_a, threes_b, pooled);
    cairn_inception_name_join(net, "mixed9_%d", number);
    three = JOIN_NAMED(net, three_a, three_b);
    threes = JOIN_NAMED(net, threes_a, threes_b);
    cairn_inception_name_join(net, "%s", name);
    return JOIN_NAMED(net, one, three, threes, pooled);
}

static const struct {
    const char *name;
    cairn_val (*build)(cairn_inception *net, cairn_val x, int width);
    int width; /* or which of its kind */
    bool head; /* the auxiliary head stands on it */
} modules[] = {
    {"Mixed_5b", module_a, 32, false},  {"Mixed_5c", module_a, 64, false},
    {"Mixed_5d", module_a, 64, false},  {"Mixed_6a", module_b, 0, false},
    {"Mixed_6b", module_c, 128, false}, {"Mixed_6c", module_c, 160, false},
    {"Mixed_6d", module_c, 160, false}, {"Mixed_6e", module_c, 192, true},
    {"Mixed_7a", module_d, 0, false},   {"Mixed_7b", module_e, 0, false},
    {"Mixed_7c", module_e, 1, false},
};

static cairn_val stem(cairn_inception *net, cairn_val x)
{
    x = BRANCH(net, x, "Conv2d_1a_3x3", HALVE(32));     /* (149, 149, 32) of 299 x 299 */
    x = BRANCH(net, x, "Conv2d_2a_3x3", VALID(3, 32));  /* (147, 147, 32) */
    x = BRANCH(net, x, "Conv2d_2b_3x3", SQUARE(3, 64)); /* (147, 147, 64) */
    x = halve(net, x);                                  /* (73, 73, 64) */
    x = BRANCH(net, x, "Conv2d_3b_1x1", POINT(80));     /* (73, 73, 80) */
    x = BRANCH(net, x, "Conv2d_4a_3x3", VALID(3, 192)); /* (71, 71, 192) */
    return halve(net, x);                               /* (35, 35, 192) */
}

static void head(cairn_inception *net, cairn_val x, int classes)
{
    cairn_graph *g = net->graph;
    cairn_inception_enter(net, "AuxLogits");
    x = cairn_avgpool(g, x, .k = 5, .stride = 3);
    x = BRANCH(net, x, "conv0", POINT(128));
    x = BRANCH(net, x, "conv1", VALID(5, 768));
    x = cairn_linear(g, cairn_global_avgpool(g, x), "fc", classes, .init = {CAIRN_INIT_TRUNCATED, 0.001f},
                     .bias_init = {CAIRN_INIT_TORCH, 0});
    cairn_inception_leave(net);
    cairn_auxiliary_head(g, x, "aux1", AUX_WEIGHT);
}

/* Keras calls the modules mixed0 to mixed10; the tutorial's code leaves two of them without a name. */
static bool has_keras_name(const cairn_model_settings *s, size_t module)
{
    return strcmp(s->model->flavour, "tutorial") != 0 || (module != 3 && module != 4);
}

static cairn_val body(cairn_inception *net, cairn_val x, const cairn_model_settings *s, bool heads)
{
    x = stem(net, x);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        cairn_inception_enter(net, modules[i].name);
        if (has_keras_name(s, i))
            cairn_inception_name_join(net, "mixed%zu", i);
        x = modules[i].build(net, x, modules[i].width);
        cairn_inception_leave(net);
        if (modules[i].head && heads)
            head(net, x, s->classes);
    }
    return cairn_global_avgpool_named(net->graph, x, net->names == CAIRN_INCEPTION_KERAS ? "avg_pool" : NULL);
}

static cairn_val build_torch(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_TRUNCATED, 0.1f};
    cairn_inception net = cairn_inception_start(g, s, CAIRN_INCEPTION_TORCHVISION, init);
    x = cairn_dropout(g, body(&net, x, s, s->heads), 0.5f);
    return cairn_linear(g, x, "fc", s->classes, .init = init, .bias_init = {CAIRN_INIT_TORCH, 0});
}

static cairn_val build_keras(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_GLOROT_UNIFORM, 0};
    cairn_inception net = cairn_inception_start(g, s, CAIRN_INCEPTION_KERAS, init);
    return cairn_linear(g, body(&net, x, s, false), "predictions", s->classes);
}

/* ---- the zoo's entries ---- */

#define COMMON                                                                                               \
    .family = "Inception", .year = 2015, .h = 299, .w = 299, .c = 3, .classes = 1000,                        \
    .paper = "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture for computer " \
             "vision, 2015",                                                                                 \
    .training = {.batch = 32,                                                                                \
                 .epochs = 100,                                                                              \
                 .lr = 0.045f,                                                                               \
                 .momentum = 0.9f,                                                                           \
                 .weight_decay = 4e-5f,                                                                      \
                 .label_smoothing = 0.1f,                                                                    \
                 .schedule = "cosine",                                                                       \
                 .warmup = 2}

#define STORY_WHY                                                                                            \
    "Inception v3 takes large windows apart. A 7x7 sees what a 1x7 and a 7x1 see one after the other, with " \
    "14 C^2 weights instead of 49 C^2; a 5x5 what two 3x3 see. Factors like that pay on maps of 12 to 20 "   \
    "pixels, not at the beginning. Where the picture is halved, convolutions and a pool work side by side. " \
    "Label smoothing was introduced here: the target is 0.9 for the right class and the rest spread over "   \
    "all. Pictures of 299 pixels leave more to see.\n\n"

#define STORY_HOW                                                                                            \
    "\n\nTraining, as published: crops of 8 to 100 % of the picture; RMSProp with decay 0.9 and epsilon 1, " \
    "learning rate 0.045 times 0.94 every two epochs, gradients clipped at 2, label smoothing 0.1, about "   \
    "100 epochs, averaged weights for the test."

#define STORY_ERRATA                                                                                         \
    "\n\nWhere the tutorial errs: 3x3 become 1x3 and 3x1 in the last two modules only, side by side and "    \
    "not "                                                                                                   \
    "stacked; 7x7 occur on the 17 x 17 maps only. It leaves out label smoothing, the normalised head and "   \
    "RMSProp. Its code has no head, no dropout, and a normalisation without gamma. 3.5 % is the error of "   \
    "four networks with 144 crops; one with one crop has 5.6 %."

#define STORY_KERAS                                                                                          \
    STORY_WHY                                                                                                \
    "This is Keras' form, and the tutorial's code is the same: normalisation without gamma, pools that "     \
    "divide by the real pixels, no auxiliary head, no dropout, layers called by their numbers (conv2d, "     \
    "conv2d_1 ...), pictures in -1..1. Keras prints 23,851,784 parameters, the "                             \
    "statistics among them.\n\n"                                                                             \
    "ImageNet, one crop: 77.9 % right, 93.7 % among the first five (Keras)." STORY_HOW STORY_ERRATA

static const cairn_switch torch_switches[] = {CAIRN_SWITCH_AUX, CAIRN_SWITCH_BN_EPS("1e-3"), {0}};
static const cairn_switch keras_switches[] = {CAIRN_SWITCH_BN_EPS("1e-3"), {0}};

const cairn_model cairn_model_inception_v3 = {
    .name = "inception_v3",
    .flavour = "torchvision",
    .story = STORY_WHY
    "This is torchvision's form: pools that divide by nine at the border too, dropout of one half, and an "
    "auxiliary head on the last module of 17 x 17 pixels, which adds 0.4 of its loss in training (--set "
    "aux=off leaves it out), and 27,161,264 parameters with it. Its weights want pictures in -1..1. "
    "inception_v3.keras is Keras' form, "
    "and the tutorial's.\n\n"
    "ImageNet, one crop: 77.29 % right, 93.45 % among the first five (torchvision); paper: 21.2 % wrong, "
    "5.6 % not among five." STORY_HOW STORY_ERRATA,
    .switches = torch_switches,
    .preprocess = &cairn_preprocess_torch_half_299,
    .build = build_torch,
    COMMON,
};

const cairn_model cairn_model_inception_v3_keras = {
    .name = "inception_v3.keras",
    .flavour = "keras",
    .story = STORY_KERAS,
    .switches = keras_switches,
    .preprocess = &cairn_preprocess_keras_tf_299,
    .build = build_keras,
    COMMON,
};

const cairn_model cairn_model_inception_v3_tutorial = {
    .name = "inception_v3.tutorial",
    .flavour = "tutorial",
    .story = STORY_KERAS,
    .switches = keras_switches,
    .preprocess = &cairn_preprocess_keras_tf_299,
    .build = build_keras,
    COMMON,
};
