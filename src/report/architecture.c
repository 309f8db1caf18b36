/* From the nodes of a graph to the layers that a reader counts. */
#include "report/architecture.h"
#include <stdio.h>
#include <string.h>

/* ---- words ---- */

typedef struct word {
    const char *key, *text;
} word;

static const char *translate(const word *words, size_t count, const char *key, const char *otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].key, key) == 0)
            return words[i].text;
    return otherwise;
}

/* Operators that have no name of their own are called after their kind and counted ("tanh", "tanh_1"). */
static void kind_of_name(const char *name, char *kind, size_t size)
{
    const char *dot = strrchr(name, '.');
    snprintf(kind, size, "%s", dot ? dot + 1 : name);
    char *end = strrchr(kind, '_');
    if (end && end[1] && strspn(end + 1, "0123456789") == strlen(end + 1))
        *end = '\0';
}

static const char *activation_name(const cairn_node_info *node)
{
    static const word names[] = {
        {"relu", "ReLU"}, {"tanh", "tanh"}, {"tanh1998", "scaled tanh"}, {"sigmoid", "sigmoid"}};
    char kind[32];
    kind_of_name(node->name, kind, sizeof kind);
    return translate(names, CAIRN_COUNT(names), kind, "activation");
}

static void describe(const cairn_node_info *node, char *text, size_t size)
{
    static const word pools[] = {
        {"maxpool", "max pooling"}, {"avgpool", "average pooling"}, {"sumpool", "sum pooling"}};
    static const word others[] = {{"linear", "fully connected"},
                                  {"rbf", "radial basis functions"},
                                  {"add", "sum"},
                                  {"scale_bias", "scale, bias"}};
    char what[64], kind[32], stride[32] = "";
    kind_of_name(node->name, kind, sizeof kind);
    if (strcmp(node->op, "activation") == 0)
        snprintf(what, sizeof what, "%s", activation_name(node));
    else if (node->k_h == 0)
        snprintf(what, sizeof what, "%s", translate(others, CAIRN_COUNT(others), node->op, node->op));
    else if (strcmp(node->op, "conv2d") == 0)
        snprintf(what, sizeof what, "%dx%d convolution", node->k_h, node->k_w);
    else
        snprintf(what, sizeof what, "%dx%d %s", node->k_h, node->k_w,
                 translate(pools, CAIRN_COUNT(pools), kind, kind));
    /* A pool whose windows touch without overlap, and a convolution of stride 1, go without saying. */
    bool pool = strcmp(node->op, "conv2d") != 0;
    if (node->k_h > 0 &&
        (node->stride_h != (pool ? node->k_h : 1) || node->stride_w != (pool ? node->k_w : 1)))
        snprintf(stride, sizeof stride, node->stride_h == node->stride_w ? ", stride %d" : ", stride %dx%d",
                 node->stride_h, node->stride_w);
    snprintf(text, size, "%s%s", what, stride);
}

static cairn_layer_kind kind_of(const cairn_node_info *node)
{
    if (strcmp(node->op, "conv2d") == 0)
        return CAIRN_LAYER_CONV;
    if (strcmp(node->op, "linear") == 0 || strcmp(node->op, "rbf") == 0)
        return CAIRN_LAYER_DENSE;
    return node->k_h > 0 ? CAIRN_LAYER_POOL : CAIRN_LAYER_OTHER;
}

/* ---- reading ---- */

typedef struct graph_reader {
    const cairn_graph *graph;
    cairn_architecture *architecture;
    cairn_detail detail;
    int nodes;
    uint32_t values;
    int *layer_of;  /* by value: 1 + the layer that makes it; 0: none */
    int *consumers; /* by value */
} graph_reader;

static bool is(const char *op, const char *const *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(op, ops[i]) == 0)
            return true;
    return false;
}

/* Does the operator belong to the layer before it? */
static bool joins(const graph_reader *reader, const cairn_node_info *node, const cairn_layer *before)
{
    static const char *const with_activation[] = {"conv2d", "linear", "scale_bias"};
    static const char *const small[] = {"activation", "scale_bias", "flatten", "dropout", "normalize"};
    if (reader->detail == CAIRN_DETAIL_STAGES)
        return is(node->op, small, CAIRN_COUNT(small));
    if (strcmp(node->op, "normalize") == 0)
        return true;
    return strcmp(node->op, "activation") == 0 && before->after[0] == '\0' &&
           is(before->op, with_activation, CAIRN_COUNT(with_activation));
}

static void join(cairn_layer *layer, const cairn_node_info *node)
{
    /* A pool has no name of its own; the trainable operator behind it has. */
    if (layer->params == 0 && node->params > 0 && layer->kind != CAIRN_LAYER_INPUT)
        layer->name = node->name;
    layer->params += node->params;
    layer->macs += node->macs;
    char text[64];
    describe(node, text, sizeof text);
    bool silent = strcmp(node->op, "flatten") == 0 || strcmp(node->op, "normalize") == 0;
    size_t length = strlen(layer->after);
    if (!silent)
        snprintf(layer->after + length, sizeof layer->after - length, "%s%s", length ? ", " : "", text);
    /* A flattened map is still drawn as the map that it is. */
    if (strcmp(node->op, "flatten") != 0) {
        layer->shape = node->shape;
        layer->result = node->name;
    }
}

/* Receptive field and step from those of the inputs: the widest of them. */
static void see(const graph_reader *reader, cairn_layer *layer)
{
    const cairn_layer *layers = reader->architecture->layer;
    layer->field_h = layer->field_w = layer->inputs > 0;
    layer->jump_h = layer->jump_w = 1;
    bool all = layer->shape.rank != 3 || layer->inputs == 0;
    for (int i = 0; i < layer->inputs; i++) {
        const cairn_layer *input = &layers[layer->input[i]];
        all |= input->field_h == 0;
        layer->field_h = cairn_max(layer->field_h, input->field_h);
        layer->field_w = cairn_max(layer->field_w, input->field_w);
        layer->jump_h = input->jump_h > layer->jump_h ? input->jump_h : layer->jump_h;
        layer->jump_w = input->jump_w > layer->jump_w ? input->jump_w : layer->jump_w;
    }
    if (layer->k_h > 0) {
        layer->field_h += (int64_t)((layer->k_h - 1) * layer->jump_h);
        layer->field_w += (int64_t)((layer->k_w - 1) * layer->jump_w);
        layer->jump_h *= layer->stride_h;
        layer->jump_w *= layer->stride_w;
    }
    if (all)
        layer->field_h = layer->field_w = 0;
}

static cairn_layer *add_layer(graph_reader *reader, uint32_t value)
{
    cairn_architecture *architecture = reader->architecture;
    reader->layer_of[value] = ++architecture->count;
    return &architecture->layer[architecture->count - 1];
}

static void add_input(graph_reader *reader)
{
    cairn_val image = cairn_find(reader->graph, "image");
    if (image.id == 0)
        return;
    cairn_layer *layer = add_layer(reader, image.id);
    *layer = (cairn_layer){.name = "input",
                           .op = "input",
                           .result = "image",
                           .label = "InputLayer",
                           .kind = CAIRN_LAYER_INPUT,
                           .operation = "input",
                           .shape = cairn_shape_of(reader->graph, image),
                           .field_h = 1,
                           .field_w = 1,
                           .jump_h = 1,
                           .jump_w = 1};
}

static void add_node(graph_reader *reader, const cairn_node_info *node)
{
    cairn_architecture *architecture = reader->architecture;
    int from[CAIRN_MAX_INPUTS], inputs = 0;
    for (int i = 0; i < node->inputs; i++)
        if (node->input[i].id < reader->values && reader->layer_of[node->input[i].id] > 0)
            from[inputs++] = reader->layer_of[node->input[i].id] - 1;
    if (inputs == 0 && strcmp(node->op, "input") == 0)
        return;
    if (inputs == 1 && reader->consumers[node->input[0].id] == 1 &&
        joins(reader, node, &architecture->layer[from[0]])) {
        join(&architecture->layer[from[0]], node);
        reader->layer_of[node->output.id] = from[0] + 1;
        return;
    }
    cairn_layer *layer = add_layer(reader, node->output.id);
    *layer = (cairn_layer){.name = node->name,
                           .op = node->op,
                           .result = node->name,
                           .label = node->label ? node->label : node->op,
                           .kind = kind_of(node),
                           .shape = node->shape,
                           .params = node->params,
                           .macs = node->macs,
                           .k_h = node->k_h,
                           .k_w = node->k_w,
                           .stride_h = node->stride_h,
                           .stride_w = node->stride_w,
                           .inputs = inputs};
    memcpy(layer->input, from, (size_t)inputs * sizeof *from);
    describe(node, layer->operation, sizeof layer->operation);
    see(reader, layer);
}

/* Sizes of the tables by value, and how often each value is used. */
static cairn_status survey(graph_reader *reader)
{
    for (int i = 0; i < reader->nodes; i++) {
        cairn_node_info node = cairn_node_at(reader->graph, i);
        reader->values = node.output.id >= reader->values ? node.output.id + 1 : reader->values;
        for (int k = 0; k < node.inputs; k++)
            reader->values = node.input[k].id >= reader->values ? node.input[k].id + 1 : reader->values;
    }
    reader->layer_of = cairn_alloc(reader->architecture->ctx, reader->values, sizeof *reader->layer_of);
    reader->consumers = cairn_alloc(reader->architecture->ctx, reader->values, sizeof *reader->consumers);
    if (!reader->layer_of || !reader->consumers)
        return CAIRN_MEMORY;
    for (int i = 0; i < reader->nodes; i++) {
        cairn_node_info node = cairn_node_at(reader->graph, i);
        for (int k = 0; k < node.inputs; k++)
            reader->consumers[node.input[k].id]++;
    }
    return CAIRN_OK;
}

static void total(cairn_architecture *architecture)
{
    architecture->chain = architecture->count > 0;
    for (int i = 0; i < architecture->count; i++) {
        const cairn_layer *layer = &architecture->layer[i];
        architecture->params += layer->params;
        architecture->macs += layer->macs;
        architecture->chain &= i == 0 ? layer->inputs == 0 : layer->inputs == 1 && layer->input[0] == i - 1;
    }
}

cairn_status cairn_architecture_read(cairn_ctx *ctx, const cairn_graph *graph, cairn_detail detail,
                                     cairn_architecture *architecture)
{
    *architecture = (cairn_architecture){.ctx = ctx};
    if (cairn_graph_status(graph))
        return cairn_graph_status(graph);
    graph_reader reader = {.graph = graph,
                           .architecture = architecture,
                           .detail = detail,
                           .nodes = cairn_node_count(graph),
                           .values = cairn_find(graph, "image").id + 1};
    cairn_status status = survey(&reader);
    architecture->layer = cairn_alloc(ctx, (size_t)reader.nodes + 1, sizeof *architecture->layer);
    if (!status && architecture->layer) {
        add_input(&reader);
        for (int i = 0; i < reader.nodes; i++) {
            cairn_node_info node = cairn_node_at(graph, i);
            add_node(&reader, &node);
        }
        total(architecture);
    }
    cairn_free(ctx, reader.layer_of);
    cairn_free(ctx, reader.consumers);
    if (status || !architecture->layer) {
        cairn_architecture_free(architecture);
        return CAIRN_MEMORY;
    }
    return CAIRN_OK;
}

void cairn_architecture_free(cairn_architecture *architecture)
{
    cairn_free(architecture->ctx, architecture->layer);
    architecture->layer = NULL;
    architecture->count = 0;
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
    [CAIRN_LAYER_OTHER] = {"other", 0xEBD7E5, 0x8A4576},
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
