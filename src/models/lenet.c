/* LeNet-5: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
 * recognition", Proceedings of the IEEE 86(11), 1998. Three networks go by that name: lenet5           what
 * people build today: full connections, average pools, tanh lenet5.paper     the network of 1998
 *   lenet5.tutorial  the tutorial's code, which differs from its own prose in every layer */
#include <cairn/cairn.h>

extern const cairn_model cairn_model_lenet5_paper;

/* ---- lenet5 ---- */

static cairn_val build_classic(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv1", 6, .k = 5));   /* (28, 28, 6) of 32 x 32 */
    x = cairn_avgpool(g, x, .k = 2);                             /* (14, 14, 6) */
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv2", 16, .k = 5));  /* (10, 10, 16) */
    x = cairn_avgpool(g, x, .k = 2);                             /* (5, 5, 16) */
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv3", 120, .k = 5)); /* (1, 1, 120) */
    x = cairn_tanh(g, cairn_linear(g, x, "fc1", 84));
    return cairn_linear(g, x, "fc2", s->classes);
}

/* ---- lenet5.paper ---- */

/* Table I of the paper: which maps of S2 (rows) feed which maps of C3 (columns). */
/* clang-format off */
static const uint8_t c3_table[6][16] = {
    {1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1},
    {1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1},
    {1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1},
    {0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1},
    {0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1},
    {0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1},
};
/* clang-format on */

/* The ten digits as pictures of 12 rows of 7 pixels, the leftmost in the highest bit: what F6 is to show. */
#define CODE_H 12
#define CODE_W 7
#define CODES 10
static const uint8_t digit_rows[CODES][CODE_H] = {
    {0x3E, 0x00, 0x1C, 0x36, 0x63, 0x63, 0x63, 0x63, 0x36, 0x1C, 0x00, 0x00},
    {0x0C, 0x1C, 0x3C, 0x0C, 0x0C, 0x0C, 0x0C, 0x0C, 0x0C, 0x3F, 0x00, 0x00},
    {0x3E, 0x00, 0x3E, 0x63, 0x43, 0x06, 0x1C, 0x30, 0x60, 0x7F, 0x00, 0x00},
    {0x7F, 0x03, 0x06, 0x0C, 0x1E, 0x03, 0x03, 0x03, 0x63, 0x3E, 0x00, 0x00},
    {0x3E, 0x00, 0x00, 0x33, 0x33, 0x73, 0x63, 0x63, 0x67, 0x3F, 0x03, 0x03},
    {0x3E, 0x00, 0x7F, 0x60, 0x60, 0x3C, 0x1E, 0x03, 0x63, 0x3E, 0x00, 0x00},
    {0x1E, 0x30, 0x60, 0x60, 0x7E, 0x73, 0x63, 0x63, 0x73, 0x3E, 0x00, 0x00},
    {0x7F, 0x03, 0x03, 0x06, 0x0C, 0x0C, 0x18, 0x18, 0x18, 0x18, 0x00, 0x00},
    {0x3E, 0x63, 0x63, 0x63, 0x3E, 0x63, 0x63, 0x63, 0x63, 0x3E, 0x00, 0x00},
    {0x3E, 0x67, 0x63, 0x63, 0x67, 0x3F, 0x03, 0x03, 0x06, 0x3C, 0x00, 0x00},
};

/* The constant j of the paper's equation 9: how far a wrong answer needs to be pushed away. */
#define RUBBISH_MARGIN 0.1f

static bool switched(const cairn_model_settings *s, const char *key, const char *value)
{
    return cairn_switch_is(&cairn_model_lenet5_paper, s, key, value);
}

static cairn_val rbf_output(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    float codes[CODES][CODE_H * CODE_W];
    if (s->classes != CODES) {
        cairn_graph_fail(g, CAIRN_USAGE,
                         "out: the RBF output knows the %d digits (expected %d classes, found %d)", CODES,
                         CODES, s->classes);
        return x;
    }
    for (int digit = 0; digit < CODES; digit++)
        for (int i = 0; i < CODE_H * CODE_W; i++)
            codes[digit][i] = digit_rows[digit][i / CODE_W] >> (CODE_W - 1 - i % CODE_W) & 1 ? 1.0f : -1.0f;
    return cairn_rbf(g, x, "out", CODES, &codes[0][0]);
}

/* A subsampling layer: the sum of four inputs, times a coefficient, plus a bias, both trained; one of each a
 * map. */
static cairn_val subsample(cairn_graph *g, cairn_val x, const char *name, float coefficient)
{
    x = cairn_avgpool(g, x, .k = 2, .sum = true);
    return cairn_scale_bias(g, x, name, (cairn_init){CAIRN_INIT_CONSTANT, coefficient});
}

static cairn_val build_paper(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    bool sigmoid = switched(s, "squash", "sigmoid");
    /* Sigmoids that begin near zero all give one half, and nothing is learned: they begin with larger
     * numbers. */
    const cairn_init uniform = {sigmoid ? CAIRN_INIT_GLOROT_UNIFORM : CAIRN_INIT_LECUN_1998, 0};
    float coefficient = sigmoid ? 1.0f : 0.25f;
    /* 1998 squashes after every layer; the tutorial's prose after the subsampling layers only. */
    cairn_activation_kind conv = sigmoid ? CAIRN_ACT_NONE : CAIRN_ACT_TANH1998;
    cairn_activation_kind sub = sigmoid ? CAIRN_ACT_SIGMOID : CAIRN_ACT_TANH1998;
    cairn_activation_kind full = sigmoid ? CAIRN_ACT_TANH : CAIRN_ACT_TANH1998;

    x = cairn_activation(g, cairn_conv2d(g, x, "C1", 6, .k = 5, .init = uniform), conv); /* (28, 28, 6) */
    x = cairn_activation(g, subsample(g, x, "S2", coefficient), sub);                    /* (14, 14, 6) */
    x = cairn_conv2d(g, x, "C3", 16, .k = 5, .table = &c3_table[0][0], .init = uniform); /* (10, 10, 16) */
    x = cairn_activation(g, x, conv);
    x = cairn_activation(g, subsample(g, x, "S4", coefficient), sub);                      /* (5, 5, 16) */
    x = cairn_activation(g, cairn_conv2d(g, x, "C5", 120, .k = 5, .init = uniform), full); /* (1, 1, 120) */
    x = cairn_activation(g, cairn_linear(g, x, "F6", CODE_H * CODE_W, .init = uniform), full);
    if (switched(s, "output", "rbf"))
        return rbf_output(g, x, s);
    return cairn_linear(g, x, "out", s->classes, .init = uniform);
}

/* With the RBF output the paper's maximum a posteriori loss, else softmax and cross-entropy. */
static cairn_val loss_paper(cairn_graph *g, cairn_val logits, cairn_val targets,
                            const cairn_model_settings *s, cairn_loss_options options)
{
    options.rubbish = switched(s, "output", "rbf");
    options.rubbish_margin = RUBBISH_MARGIN;
    return cairn_cross_entropy(g, logits, targets, options);
}

/* ---- lenet5.tutorial ---- */

static cairn_val build_tutorial(cairn_graph *g, cairn_val x, const cairn_model_settings *s)
{
    x = cairn_relu(g, cairn_conv2d(g, x, "conv1", 6, .k = 5, .padding = CAIRN_PAD_SAME));  /* (32, 32, 6) */
    x = cairn_maxpool(g, x, .k = 2);                                                       /* (16, 16, 6) */
    x = cairn_relu(g, cairn_conv2d(g, x, "conv2", 16, .k = 5, .padding = CAIRN_PAD_SAME)); /* (16, 16, 16) */
    x = cairn_maxpool(g, x, .k = 2);                                                       /* (8, 8, 16) */
    x = cairn_flatten(g, x);                                                               /* (1024) */
    x = cairn_relu(g, cairn_linear(g, x, "fc1", 500));
    return cairn_linear(g, x, "fc2", s->classes);
}

/* ---- the zoo's entries ---- */

#define PAPER_1998                                                                                           \
    "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998"

const cairn_model cairn_model_lenet5 = {
    .name = "lenet5",
    .family = "LeNet",
    .flavour = "classic",
    .year = 1998,
    .h = 32,
    .w = 32,
    .c = 1,
    .classes = 10,
    .paper = PAPER_1998,
    .story = "LeNet-5 read the digits on bank cheques and showed that a network can learn its own "
             "features from pixels, if its connections are local, its weights are shared across "
             "the picture, and its maps are made smaller step by step. Every network of this zoo "
             "is built of these three ideas.\n\n"
             "This is the form in which it is built today: all six maps feed all sixteen, pools "
             "average, tanh everywhere, and a plain dense layer gives the scores: 61,706 "
             "parameters. The network of 1998 is lenet5.paper, with trained subsampling, a "
             "connection table and squared distances to pictures of the digits; the tutorial's "
             "code is lenet5.tutorial, with ReLU, maximum pools, padded convolutions and a layer "
             "of 500 units.\n\n"
             "The paper's error on MNIST is 0.95 % after 20 passes, and 0.8 % with distorted "
             "copies of the digits. Where the tutorial errs is told at the other two.",
    .training = {.batch = 64, .epochs = 10, .lr = 0.05f, .momentum = 0.9f, .schedule = "cosine"},
    .build = build_classic,
};

static const cairn_switch paper_switches[] = {
    {"squash", "tanh1998|sigmoid",
     "1.7159 tanh(2x/3) after every layer, or the tutorial's prose: sigmoid after S2 and S4", "sigmoid",
     0.05f},
    {"output", "linear|rbf", "a dense layer, or squared distances to pictures of the ten digits", "rbf",
     0.001f},
    {0},
};

const cairn_model cairn_model_lenet5_paper = {
    .name = "lenet5.paper",
    .family = "LeNet",
    .flavour = "paper",
    .year = 1998,
    .h = 32,
    .w = 32,
    .c = 1,
    .classes = 10,
    .paper = PAPER_1998,
    .story = "The network of 1998 with its exact 60,000 parameters below the output. A subsampling "
             "layer adds four neighbours, multiplies by one trained coefficient a map and adds one "
             "trained bias. A table connects the six maps of S2 with the sixteen of C3, so that "
             "maps are forced to differ and 60 of 96 connections are left. Units are squashed by "
             "1.7159 tanh(2x/3), which maps 1 to about 1.\n\n"
             "The output layer of 1998 (--set output=rbf) measures the squared distance between "
             "the 84 units of F6 and a picture of each digit, 7 by 12 pixels; the smallest "
             "distance wins, and the loss also pushes wrong digits away. The default is the dense "
             "layer with softmax that the tutorial recommends.\n\n"
             "The paper's error on MNIST is 0.95 % after 20 passes, and 0.8 % with distorted copies of "
             "the digits. It was trained on one picture at a time, each weight with a step of its own "
             "(stochastic diagonal Levenberg-Marquardt).\n\n"
             "Where the tutorial errs: C3 has 1,516 parameters, or 2,416 where all maps are connected "
             "(not 416, which forgets the input maps), C5 has 48,120 (not 3,000), F6 84 units and "
             "10,164 parameters (not 84), the output layer 850 (not 924); and 1998 used the scaled "
             "tanh throughout and distances at the end, not a sigmoid after the subsampling.",
    .switches = paper_switches,
    .training = {.batch = 64, .epochs = 10, .lr = 0.02f, .momentum = 0.9f, .schedule = "cosine"},
    .build = build_paper,
    .loss = loss_paper,
};

const cairn_model cairn_model_lenet5_tutorial = {
    .name = "lenet5.tutorial",
    .family = "LeNet",
    .flavour = "tutorial",
    .year = 1998,
    .h = 32,
    .w = 32,
    .c = 1,
    .classes = 10,
    .paper = PAPER_1998,
    .story = "What the tutorial's code builds under the name LeNet-5, exactly: padded 5x5 "
             "convolutions, ReLU, maximum pools, a dense layer of 500 units. It has 520,082 "
             "parameters, nearly all of them (512,500) in that dense layer.\n\n"
             "It differs from its own prose in every layer: maps of 32, 16, 16 and 8 instead of "
             "28, 14, 10 and 5 pixels, no trained subsampling, no connection table, no F6; 520,082 "
             "parameters where the prose has 60,000. lenet5.paper tells where the prose errs. It "
             "learns well all the same: on Fashion-MNIST it is a little ahead of the classic form.",
    .training = {.batch = 64,
                 .epochs = 10,
                 .lr = 0.02f,
                 .momentum = 0.9f,
                 .weight_decay = 5e-4f, /* so many dense weights learn the training set by heart without it */
                 .schedule = "cosine"},
    .build = build_tutorial,
};
