/* Residual networks with the activation after the sum: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual
 * learning for image recognition", 2015. A block computes relu(F(x) + x): its layers learn what is to be
 * added to x. */
#include "models/residual.h"
#include "models/named.h"
#include <stdio.h>

#define EXPANSION 4 /* a bottleneck's output, in its inner widths */
#define NAME_BYTES 48

/* The shortcuts of the paper where a block changes the shape; C has one in every block. */
typedef enum shortcut { PROJECT, PROJECT_ALL, APPEND, CENTRED, NONE } shortcut;

typedef struct network {
    cairn_graph *graph;
    const cairn_residual_design *design;
    const cairn_residual_style *style;
    shortcut shortcut;
    cairn_batchnorm_options norm;
    cairn_init init;
} network;

/* Where in the network a block is; all counted from 0. */
typedef struct place {
    const network *net;
    int stage, block;
} place;

typedef struct layer {
    int out, k, stride, groups;
} layer;

static cairn_val convolve(const network *net, cairn_val x, const char *conv, const char *norm, layer of)
{
    cairn_conv2d_options options = {
        .k = of.k,
        .stride = of.stride,
        .groups = of.groups,
        .no_bias = !net->style->bias,
        .init = net->init,
    };
    if (net->style->same)
        options.padding = CAIRN_PAD_SAME;
    else
        options.pad = of.k / 2;
    x = cairn_conv2d_with(net->graph, x, conv, of.out, options);
    return cairn_batchnorm_with(net->graph, x, norm, net->norm);
}

/* Convolution `number` of a block (0: its shortcut's) with its normalisation. */
static cairn_val block_layer(const place *at, cairn_val x, int number, layer of)
{
    char conv[NAME_BYTES] = "downsample.0", norm[NAME_BYTES] = "downsample.1";
    if (at->net->style->names == CAIRN_RESIDUAL_KERAS) {
        snprintf(conv, sizeof conv, "conv%d_block%d_%d_conv", at->stage + 2, at->block + 1, number);
        snprintf(norm, sizeof norm, "conv%d_block%d_%d_bn", at->stage + 2, at->block + 1, number);
    } else if (number > 0) {
        snprintf(conv, sizeof conv, "conv%d", number);
        snprintf(norm, sizeof norm, "bn%d", number);
    }
    return convolve(at->net, x, conv, norm, of);
}

/* What Keras calls an operator of a block that has no weights, or NULL. */
static const char *plain_name(const place *at, const char *what, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "conv%d_block%d_%s", at->stage + 2, at->block + 1, what);
    return at->net->style->names == CAIRN_RESIDUAL_KERAS ? name : NULL;
}

static cairn_val relu(const place *at, cairn_val x, const char *what)
{
    char name[NAME_BYTES];
    return cairn_relu_named(at->net->graph, x, plain_name(at, what, name));
}

/* The ReLU that the tutorial's code forgets. */
static cairn_val relu_if_any(const place *at, cairn_val x, const char *what)
{
    return at->net->style->few_relus ? x : relu(at, x, what);
}

static cairn_val basic(const place *at, cairn_val x, int width, int stride)
{
    x = relu_if_any(at, block_layer(at, x, 1, (layer){width, 3, stride, 1}), "1_relu");
    return block_layer(at, x, 2, (layer){width, 3, 1, 1});
}

static cairn_val bottleneck(const place *at, cairn_val x, int width, int stride)
{
    const cairn_residual_design *d = at->net->design;
    bool first = at->net->style->stride_first;
    int groups = d->groups == 0 ? 1 : d->groups;
    int inner = d->groups == 0 ? width : width / d->width * d->group_width * groups;
    x = block_layer(at, x, 1, (layer){inner, 1, first ? stride : 1, 1});
    x = relu(at, x, "1_relu");
    x = relu_if_any(at, block_layer(at, x, 2, (layer){inner, 3, first ? 1 : stride, groups}), "2_relu");
    return block_layer(at, x, 3, (layer){width * EXPANSION, 1, 1, 1});
}

cairn_val cairn_residual_pad(cairn_graph *graph, cairn_val x, int out, int stride, bool centred)
{
    int more = out - (int)cairn_shape_of(graph, x).dim[2], before = centred ? more / 2 : 0;
    return cairn_subsample(graph, x, stride, before, more - before);
}

static cairn_val shortcut_of(const place *at, cairn_val x, int out, int stride)
{
    const network *net = at->net;
    bool changes = stride != 1 || cairn_shape_of(net->graph, x).dim[2] != out;
    if (net->shortcut == PROJECT_ALL || (net->shortcut == PROJECT && changes))
        return block_layer(at, x, 0, (layer){out, 1, stride, 1});
    return changes ? cairn_residual_pad(net->graph, x, out, stride, net->shortcut == CENTRED) : x;
}

/* The shortcut is made after the branch: Keras' files of the tutorial number their layers so. */
static cairn_val block(const place *at, cairn_val x, int width, int stride)
{
    char name[NAME_BYTES];
    bool deep = at->net->design->bottleneck;
    cairn_val branch = deep ? bottleneck(at, x, width, stride) : basic(at, x, width, stride);
    if (at->net->shortcut != NONE)
        branch = cairn_add_named(at->net->graph, branch,
                                 shortcut_of(at, x, deep ? width * EXPANSION : width, stride),
                                 plain_name(at, "add", name));
    return relu(at, branch, "out");
}

static cairn_val stem(const network *net, cairn_val x)
{
    bool keras = net->style->names == CAIRN_RESIDUAL_KERAS;
    const char *conv = keras ? "conv1_conv" : "conv1", *norm = keras ? "conv1_bn" : "bn1";
    if (net->style->small)
        return cairn_relu(net->graph, convolve(net, x, conv, norm, (layer){net->design->width, 3, 1, 1}));
    x = convolve(net, x, conv, norm, (layer){net->design->width, 7, 2, 1});
    if (!net->style->few_relus)
        x = cairn_relu_named(net->graph, x, keras ? "conv1_relu" : NULL);
    if (net->style->same)
        return cairn_maxpool(net->graph, x, .k = 3, .stride = 2, .padding = CAIRN_PAD_SAME);
    cairn_name_begin(net->graph, keras ? "pool1_pool" : NULL);
    x = cairn_maxpool(net->graph, x, .k = 3, .stride = 2, .pad = 1);
    cairn_name_end(net->graph, keras ? "pool1_pool" : NULL);
    return x;
}

static shortcut chosen_shortcut(const cairn_model_settings *s, bool plain)
{
    static const char *const names[] = {
        [PROJECT] = "B", [PROJECT_ALL] = "C", [APPEND] = "A-append", [CENTRED] = "A-centred"};
    for (int i = 0; i < NONE && !plain; i++)
        if (cairn_switch_is(s->model, s, "shortcut", names[i]))
            return (shortcut)i;
    return NONE;
}

cairn_val cairn_residual_build(cairn_graph *graph, cairn_val x, const cairn_model_settings *s,
                               const cairn_residual_design *design)
{
    const cairn_residual_style *style = design->style;
    const cairn_init linear = {style->keras ? CAIRN_INIT_DEFAULT : CAIRN_INIT_TORCH, 0};
    network net = {
        .graph = graph,
        .design = design,
        .style = style,
        .shortcut = chosen_shortcut(s, style->plain),
        .norm = {.eps = cairn_switch_number(s->model, s, "bn_eps"),
                 .momentum = style->keras ? 0.01 : 0.1,
                 .biased = style->keras},
        .init = {style->keras ? CAIRN_INIT_GLOROT_UNIFORM : CAIRN_INIT_KAIMING_NORMAL, 0},
    };
    x = stem(&net, x);
    int width = design->width;
    for (int stage = 0; stage < CAIRN_RESIDUAL_STAGES && design->blocks[stage] > 0; stage++, width *= 2)
        for (int i = 0; i < design->blocks[stage]; i++) {
            if (style->names == CAIRN_RESIDUAL_TORCH)
                cairn_enter(graph, "layer%d.%d", stage + 1, i);
            x = block(&(place){&net, stage, i}, x, width, stage > 0 && i == 0 ? 2 : 1);
            if (style->names == CAIRN_RESIDUAL_TORCH)
                cairn_leave(graph);
        }
    x = cairn_global_avgpool_named(graph, x, style->names == CAIRN_RESIDUAL_KERAS ? "avg_pool" : NULL);
    return cairn_linear(graph, x, style->head, s->classes, .init = linear, .bias_init = linear);
}
