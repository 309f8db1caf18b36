/* Inception v4: C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact
 * of residual connections on learning", 2016. The pure network of that paper; inception_resnet.c has the
 * others. */
#include "models/inception.h"
#include "models/preprocess.h"
#include "models/switches.h"

static cairn_val average(const cairn_inception *net, cairn_val x)
{
    return cairn_avgpool(net->graph, x, .k = 3, .stride = 1, .pad = 1, .exclude_padding = true);
}

static cairn_val halve(const cairn_inception *net, cairn_val x)
{
    return cairn_maxpool(net->graph, x, .k = 3, .stride = 2);
}

/* ---- the stem: three convolutions, then pool and convolution side by side, twice ---- */

static cairn_val stem_3a(cairn_inception *net, cairn_val x)
{
    cairn_val pooled = halve(net, x);
    cairn_val conv = BRANCH(net, x, "conv", HALVE(96));
    return JOIN(net, pooled, conv); /* (73, 73, 160) */
}

static cairn_val stem_4a(cairn_inception *net, cairn_val x)
{
    cairn_val three = BRANCH(net, x, "branch0", POINT(64), VALID(3, 96));
    cairn_val seven = BRANCH(net, x, "branch1", POINT(64), ROW(7, 64), COLUMN(7, 64), VALID(3, 96));
    return JOIN(net, three, seven); /* (71, 71, 192) */
}

static cairn_val stem_5a(cairn_inception *net, cairn_val x)
{
    cairn_val conv = BRANCH(net, x, "conv", HALVE(192));
    return JOIN(net, conv, halve(net, x)); /* (35, 35, 384) */
}

/* ---- the modules ---- */

static cairn_val module_a(cairn_inception *net, cairn_val x)
{
    cairn_val one = BRANCH(net, x, "branch0", POINT(96));
    cairn_val three = BRANCH(net, x, "branch1", POINT(64), SQUARE(3, 96));
    cairn_val threes = BRANCH(net, x, "branch2", POINT(64), SQUARE(3, 96), SQUARE(3, 96));
    cairn_val pooled = BRANCH(net, average(net, x), "branch3.1", POINT(96));
    return JOIN(net, one, three, threes, pooled);
}

static cairn_val reduction_a(cairn_inception *net, cairn_val x)
{
    cairn_val three = BRANCH(net, x, "branch0", HALVE(384));
    cairn_val threes = BRANCH(net, x, "branch1", POINT(192), SQUARE(3, 224), HALVE(256));
    return JOIN(net, three, threes, halve(net, x)); /* (17, 17, 1024) */
}

static cairn_val module_b(cairn_inception *net, cairn_val x)
{
    cairn_val one = BRANCH(net, x, "branch0", POINT(384));
    cairn_val seven = BRANCH(net, x, "branch1", POINT(192), ROW(7, 224), COLUMN(7, 256));
    cairn_val sevens =
        BRANCH(net, x, "branch2", POINT(192), COLUMN(7, 192), ROW(7, 224), COLUMN(7, 224), ROW(7, 256));
    cairn_val pooled = BRANCH(net, average(net, x), "branch3.1", POINT(128));
    return JOIN(net, one, seven, sevens, pooled);
}

static cairn_val reduction_b(cairn_inception *net, cairn_val x)
{
    cairn_val three = BRANCH(net, x, "branch0", POINT(192), HALVE(192));
    cairn_val seven = BRANCH(net, x, "branch1", POINT(256), ROW(7, 256), COLUMN(7, 320), HALVE(320));
    return JOIN(net, three, seven, halve(net, x)); /* (8, 8, 1536) */
}

static cairn_val module_c(cairn_inception *net, cairn_val x)
{
    cairn_val one = BRANCH(net, x, "branch0", POINT(256));
    cairn_val three = BRANCH(net, x, "branch1_0", POINT(384));
    cairn_val three_a = BRANCH(net, three, "branch1_1a", ROW(3, 256));
    cairn_val three_b = BRANCH(net, three, "branch1_1b", COLUMN(3, 256));
    cairn_val threes = BRANCH(net, x, "branch2_0", POINT(384));
    threes = BRANCH(net, threes, "branch2_1", COLUMN(3, 448));
    threes = BRANCH(net, threes, "branch2_2", ROW(3, 512));
    cairn_val threes_a = BRANCH(net, threes, "branch2_3a", ROW(3, 256));
    cairn_val threes_b = BRANCH(net, threes, "branch2_3b", COLUMN(3, 256));
    cairn_val pooled = BRANCH(net, average(net, x), "branch3.1", POINT(256));
    return JOIN(net, one, three_a, three_b, threes_a, threes_b, pooled);
}

/* timm counts the modules through: "features.0" to "features.21". */
static const struct {
    cairn_val (*build)(cairn_inception *net, cairn_val x);
    int repeats;
} stages[] = {
    {stem_3a, 1},     {stem_4a, 1},  {stem_5a, 1},     {module_a, 4},
    {reduction_a, 1}, {module_b, 7}, {reduction_b, 1}, {module_c, 3},
};

static cairn_val build(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    const cairn_init init = {CAIRN_INIT_TORCH, 0};
    cairn_inception net = cairn_inception_start(g, s, CAIRN_INCEPTION_TIMM, init);
    x = BRANCH(&net, x, "features", HALVE(32), VALID(3, 32), SQUARE(3, 64)); /* (147, 147, 64) of 299 x 299 */
    int position = 3;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        for (int k = 0; k < stages[i].repeats; k++) {
            cairn_enter(g, "features.%d", position++);
            x = stages[i].build(&net, x);
            cairn_leave(g);
        }
    x = cairn_dropout(g, cairn_global_avgpool(g, x), 0.2f);
    return cairn_linear(g, x, "last_linear", s->classes, .init = init, .bias_init = init);
}

/* ---- the zoo's entry ---- */

static const cairn_switch switches[] = {CAIRN_SWITCH_BN_EPS("1e-3"), {0}};

const cairn_model cairn_model_inception_v4 = {
    .name = "inception_v4",
    .family = "Inception",
    .flavour = "timm",
    .year = 2016,
    .h = 299,
    .w = 299,
    .c = 3,
    .classes = 1000,
    .paper = "Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the impact of residual "
             "connections on learning, 2016",
    .story =
        "After ResNet the makers of Inception asked two things: how far their own design goes once it is "
        "free of the limits of older programs, and whether it needs shortcuts. Inception v4 is the answer to "
        "the first: the modules of v3 made regular, the same within a stage (four, seven and three of them), "
        "wider, with a stem that itself is made of branches. The answer to the second: shortcuts make such "
        "networks learn faster (inception_resnet_v2), but without them they are about as good in the end."
        "\n\n"
        "This is timm's form, with its names; its weights come from TensorFlow.\n\n"
        "ImageNet, one crop: 80.14 % right, 94.98 % among the first five (timm); paper: 20.0 % wrong, 5.0 % "
        "not among five; 17.7 and 3.8 % with 144 crops.\n\n"
        "Training, as published: RMSProp with decay 0.9 and epsilon 1, 20 replicas of 32 pictures, learning "
        "rate 0.045 times 0.94 every two epochs, dropout 0.2 before the last layer, averaged weights for the "
        "test.\n\n"
        "Where the tutorial errs: it says that v4 takes over ResNet's structure. v4 has no shortcuts; "
        "Inception-ResNet, of the same paper, has. 3.08 % is the error of four networks together; one with "
        "one "
        "crop has 5.0 %. It gives no code.",
    .switches = switches,
    .preprocess = &cairn_preprocess_timm_half_299,
    .training = {.batch = 32,
                 .epochs = 100,
                 .lr = 0.045f,
                 .momentum = 0.9f,
                 .weight_decay = 4e-5f,
                 .label_smoothing = 0.1f,
                 .schedule = "cosine",
                 .warmup = 2},
    .build = build,
};
