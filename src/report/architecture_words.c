/* What layers are called: words for operators and sizes, and one colour for each kind of layer. */
#include "report/architecture.h"
#include <stdio.h>
#include <string.h>

typedef struct word {
    const char *key, *text, *brief;
} word;

static const word *find(const word *words, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].key, key) == 0)
            return &words[i];
    return NULL;
}

static const word activations[] = {{"relu", "ReLU", "ReLU"},
                                   {"tanh", "tanh", "tanh"},
                                   {"tanh1998", "scaled tanh", "tanh"},
                                   {"sigmoid", "sigmoid", "sigmoid"}};

static const word pools[] = {{"maxpool", "max pooling", "max pool"},
                             {"avgpool", "average pooling", "avg pool"},
                             {"adaptive_avgpool", "average pooling", "avg pool"},
                             {"sumpool", "sum pooling", "sum pool"}};

static const word others[] = {{"linear", "fully connected", "fc"},
                              {"rbf", "radial basis functions", "RBF"},
                              {"add", "sum", "sum"},
                              {"concat", "concatenation", "concatenation"},
                              {"batchnorm", "batch normalisation", "BN"},
                              {"lrn", "LRN", "LRN"},
                              {"global_avgpool", "global average pooling", "global avg pool"},
                              {"adaptive_avgpool", "average pooling", "avg pool"},
                              {"zero_pad", "zero padding", "zero pad"},
                              {"subsample", "subsampling", "subsample"},
                              {"flatten_chw", "flatten", "flatten"},
                              {"scale_bias", "scale, bias", "scale, bias"}};

/* Operators that have no name of their own are called after their kind and counted ("tanh", "tanh_1"). */
static void kind_of_name(const char *name, char *kind, size_t size)
{
    const char *dot = strrchr(name, '.');
    snprintf(kind, size, "%s", dot ? dot + 1 : name);
    char *end = strrchr(kind, '_');
    if (end && end[1] && strspn(end + 1, "0123456789") == strlen(end + 1))
        *end = '\0';
}

static const char *plain_word(const cairn_node_info *node, const char *kind, bool brief)
{
    bool activation = strcmp(node->op, "activation") == 0;
    const word *w = activation ? find(activations, CAIRN_COUNT(activations), kind)
                               : find(others, CAIRN_COUNT(others), node->op);
    if (!w)
        return activation ? "activation" : node->op;
    return brief ? w->brief : w->text;
}

/* The whole map in one window. */
static bool is_global(const cairn_node_info *node)
{
    bool average = strcmp(node->op, "avgpool") == 0 || strcmp(node->op, "adaptive_avgpool") == 0;
    return average && node->k_h != 1 && cairn_shape_elements(&node->shape) == node->shape.dim[2];
}

void cairn_layer_words(const cairn_node_info *node, int64_t groups, char *text, size_t size)
{
    char what[64], kind[32], stride[32] = "", split[32] = "";
    kind_of_name(node->name, kind, sizeof kind);
    bool conv = strcmp(node->op, "conv2d") == 0;
    if (is_global(node))
        snprintf(what, sizeof what, "global average pooling");
    else if (node->k_h == 0)
        snprintf(what, sizeof what, "%s", plain_word(node, kind, false));
    else if (conv)
        snprintf(what, sizeof what, "%dx%d convolution", node->k_h, node->k_w);
    else {
        const word *pool = find(pools, CAIRN_COUNT(pools), kind);
        snprintf(what, sizeof what, "%dx%d %s", node->k_h, node->k_w, pool ? pool->text : kind);
    }
    /* A pool whose windows touch without overlap, and a convolution of stride 1, go without saying. */
    if (node->k_h > 0 && !is_global(node) &&
        (node->stride_h != (conv ? 1 : node->k_h) || node->stride_w != (conv ? 1 : node->k_w)))
        snprintf(stride, sizeof stride, node->stride_h == node->stride_w ? ", stride %d" : ", stride %dx%d",
                 node->stride_h, node->stride_w);
    if (groups > 1)
        snprintf(split, sizeof split, " in %lld groups", (long long)groups);
    snprintf(text, size, "%s%s%s", what, split, stride);
}

void cairn_layer_brief(const cairn_node_info *node, int64_t groups, char *text, size_t size)
{
    char kind[32], step[32] = "", split[32] = "";
    long long last = node->shape.rank > 0 ? (long long)node->shape.dim[node->shape.rank - 1] : 1;
    kind_of_name(node->name, kind, sizeof kind);
    if (node->stride_h > 1 || node->stride_w > 1)
        snprintf(step, sizeof step, node->stride_h == node->stride_w ? ", /%d" : ", /%dx%d", node->stride_h,
                 node->stride_w);
    if (groups > 1)
        snprintf(split, sizeof split, ", %lld groups", (long long)groups);
    if (strcmp(node->op, "conv2d") == 0)
        snprintf(text, size, "%dx%d conv, %lld%s%s", node->k_h, node->k_w, last, split, step);
    else if (strcmp(node->op, "linear") == 0)
        snprintf(text, size, "fc, %lld", last);
    else if (strcmp(node->op, "subsample") == 0)
        snprintf(text, size, "subsample, %lld", last);
    else if (is_global(node))
        snprintf(text, size, "global avg pool");
    else if (node->k_h > 0) {
        const word *pool = find(pools, CAIRN_COUNT(pools), kind);
        snprintf(text, size, "%dx%d %s%s", node->k_h, node->k_w, pool ? pool->brief : kind, step);
    } else
        snprintf(text, size, "%s", plain_word(node, kind, true));
}

void cairn_layer_after(const cairn_node_info *node, bool brief, char *text, size_t size)
{
    char kind[32];
    kind_of_name(node->name, kind, sizeof kind);
    if (strcmp(node->op, "scale") == 0 && node->detail[0])
        snprintf(text, size, "%s", node->detail);
    else if (brief)
        snprintf(text, size, "%s", plain_word(node, kind, true));
    else
        cairn_layer_words(node, 1, text, size);
}

cairn_layer_kind cairn_layer_kind_of(const cairn_node_info *node)
{
    static const struct {
        const char *op;
        cairn_layer_kind kind;
    } of_op[] = {{"conv2d", CAIRN_LAYER_CONV},
                 {"linear", CAIRN_LAYER_DENSE},
                 {"rbf", CAIRN_LAYER_DENSE},
                 {"batchnorm", CAIRN_LAYER_NORM},
                 {"lrn", CAIRN_LAYER_NORM},
                 {"activation", CAIRN_LAYER_ACTIVATION},
                 {"add", CAIRN_LAYER_JOIN},
                 {"concat", CAIRN_LAYER_JOIN},
                 {"global_avgpool", CAIRN_LAYER_POOL},
                 {"adaptive_avgpool", CAIRN_LAYER_POOL}};
    for (size_t i = 0; i < CAIRN_COUNT(of_op); i++)
        if (strcmp(node->op, of_op[i].op) == 0)
            return of_op[i].kind;
    return node->k_h > 0 ? CAIRN_LAYER_POOL : CAIRN_LAYER_OTHER;
}

/* ---- texts and colours ---- */

void cairn_layer_size(const cairn_layer *layer, char *text, size_t size)
{
    const int64_t *dim = layer->shape.dim;
    if (layer->shape.rank == 3)
        snprintf(text, size, "%lld@%lldx%lld", (long long)dim[2], (long long)dim[0], (long long)dim[1]);
    else
        snprintf(text, size, "%lld", (long long)cairn_shape_elements(&layer->shape));
}

void cairn_layer_action(const cairn_layer *layer, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", layer->operation, layer->after[0] ? ", " : "", layer->after);
}

/* Hues of Okabe and Ito, which colour-blind readers tell apart; fills are light so that lines show on them.
 */
static const struct {
    const char *name;
    uint32_t fill, line;
} kinds[CAIRN_LAYER_KINDS] = {
    [CAIRN_LAYER_INPUT] = {"input", 0xEDEFF2, 0x6A737D},
    [CAIRN_LAYER_CONV] = {"convolution", 0xCFE3F3, 0x1B6098},
    [CAIRN_LAYER_POOL] = {"pooling", 0xFBE5BF, 0xA86400},
    [CAIRN_LAYER_DENSE] = {"fully connected", 0xCBEADF, 0x00735A},
    [CAIRN_LAYER_NORM] = {"normalisation", 0xF6F0B8, 0x857A00},
    [CAIRN_LAYER_ACTIVATION] = {"activation", 0xF8D5C4, 0xB04A14},
    [CAIRN_LAYER_JOIN] = {"sum, concatenation", 0xEBD7E5, 0x8A4576},
    [CAIRN_LAYER_OTHER] = {"other", 0xE4E2F4, 0x5A4FA2},
};

cairn_paint cairn_layer_fill(cairn_layer_kind kind)
{
    return cairn_rgb(kinds[kind].fill);
}

cairn_paint cairn_layer_line(cairn_layer_kind kind)
{
    return cairn_rgb(kinds[kind].line);
}

const char *cairn_layer_kind_name(cairn_layer_kind kind)
{
    return kinds[kind].name;
}
