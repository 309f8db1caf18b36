/* From the nodes of a graph to the layers that a reader counts. */
#include "report/architecture.h"
#include <stdio.h>
#include <string.h>

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
    static const char *const small[] = {"activation", "batchnorm", "dropout", "flatten", "flatten_chw",
                                        "lrn",        "normalize", "reshape", "scale",   "scale_bias"};
    if (strcmp(node->op, "normalize") == 0)
        return true;
    if (reader->detail == CAIRN_DETAIL_ALL)
        return false;
    /* What is normalised behind a sum or a pool belongs to what comes next. */
    if (strcmp(node->op, "batchnorm") == 0 && before->kind != CAIRN_LAYER_CONV &&
        before->kind != CAIRN_LAYER_DENSE)
        return false;
    if (reader->detail == CAIRN_DETAIL_STAGES)
        return before->kind != CAIRN_LAYER_INPUT && is(node->op, small, CAIRN_COUNT(small));
    return strcmp(node->op, "activation") == 0 && before->after[0] == '\0' &&
           is(before->op, with_activation, CAIRN_COUNT(with_activation));
}

/* Adds to a list of words joined by commas. */
static void append(char *list, size_t size, const char *text)
{
    size_t length = strlen(list);
    snprintf(list + length, size - length, "%s%s", length ? ", " : "", text);
}

static bool is_view(const cairn_node_info *node)
{
    static const char *const views[] = {"flatten", "flatten_chw", "reshape"};
    return is(node->op, views, CAIRN_COUNT(views));
}

static void join(cairn_layer *layer, const cairn_node_info *node)
{
    /* A pool has no name of its own; the trainable operator behind it has. */
    if (layer->params == 0 && node->params > 0 && layer->kind != CAIRN_LAYER_INPUT)
        layer->name = node->name;
    layer->params += node->params;
    layer->buffers += node->buffers;
    layer->macs += node->macs;
    bool view = is_view(node);
    char text[64];
    if (!view && strcmp(node->op, "normalize") != 0) {
        cairn_layer_after(node, false, text, sizeof text);
        append(layer->after, sizeof layer->after, text);
        cairn_layer_after(node, true, text, sizeof text);
        append(layer->brief_after, sizeof layer->brief_after, text);
    }
    /* A flattened map is still drawn as the map that it is, also when values of it are dropped. */
    if (cairn_shape_elements(&layer->shape) != cairn_shape_elements(&node->shape))
        layer->shape = node->shape;
    if (!view)
        layer->result = node->name;
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
        layer->field_h += (int64_t)((layer->k_h - 1) * layer->dilation_h * layer->jump_h);
        layer->field_w += (int64_t)((layer->k_w - 1) * layer->dilation_w * layer->jump_w);
        layer->jump_h *= layer->stride_h;
        layer->jump_w *= layer->stride_w;
    } else if (strcmp(layer->op, "subsample") == 0 && !all) {
        const int64_t *before = layers[layer->input[0]].shape.dim, *after = layer->shape.dim;
        layer->jump_h *= (double)cairn_ceil_div(before[0], after[0]);
        layer->jump_w *= (double)cairn_ceil_div(before[1], after[1]);
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
                           .brief = "input",
                           .shape = cairn_shape_of(reader->graph, image),
                           .field_h = 1,
                           .field_w = 1,
                           .jump_h = 1,
                           .jump_w = 1};
}

/* A grouped convolution multiplies each output with a part of the inputs; the products tell which. */
static int64_t groups_of(const graph_reader *reader, const cairn_node_info *node)
{
    if (strcmp(node->op, "conv2d") != 0 || node->macs <= 0)
        return 1;
    int64_t in_c = cairn_shape_of(reader->graph, node->input[0]).dim[2];
    int64_t full = cairn_shape_elements(&node->shape) * node->k_h * node->k_w * in_c;
    return full % node->macs == 0 ? full / node->macs : 1;
}

static bool shares_scope(const graph_reader *reader, int index, const char *name, size_t scope)
{
    return index >= 0 && index < reader->nodes &&
           strncmp(cairn_node_at(reader->graph, index).name, name, scope + 1) == 0;
}

/* A scope around a single operator is its name: "mixed0" of "mixed0.concat". The neighbours tell, for the
 * operators of a scope follow each other. */
static void find_name(const graph_reader *reader, int index, cairn_layer *layer)
{
    const char *dot = strrchr(layer->name, '.');
    size_t scope = dot ? (size_t)(dot - layer->name) : 0;
    if (scope == 0 || scope >= sizeof layer->scope || layer->params > 0 ||
        shares_scope(reader, index - 1, layer->name, scope) ||
        shares_scope(reader, index + 1, layer->name, scope))
        return;
    memcpy(layer->scope, layer->name, scope);
    layer->name = layer->scope;
}

static void add_node(graph_reader *reader, int index)
{
    cairn_node_info info = cairn_node_at(reader->graph, index), *node = &info;
    cairn_architecture *architecture = reader->architecture;
    int from[CAIRN_MAX_INPUTS], inputs = 0;
    for (int i = 0; i < node->inputs; i++)
        if (node->input[i].id < reader->values && reader->layer_of[node->input[i].id] > 0)
            from[inputs++] = reader->layer_of[node->input[i].id] - 1;
    if (inputs == 0 && strcmp(node->op, "input") == 0)
        return;
    /* A branch may look at a value in another shape than the others. */
    bool alone = reader->consumers[node->input[0].id] == 1 || is_view(node);
    if (inputs == 1 && alone && joins(reader, node, &architecture->layer[from[0]])) {
        join(&architecture->layer[from[0]], node);
        reader->layer_of[node->output.id] = from[0] + 1;
        return;
    }
    cairn_layer *layer = add_layer(reader, node->output.id);
    *layer = (cairn_layer){.name = node->name,
                           .op = node->op,
                           .result = node->name,
                           .label = node->label ? node->label : node->op,
                           .kind = cairn_layer_kind_of(node),
                           .shape = node->shape,
                           .params = node->params,
                           .buffers = node->buffers,
                           .macs = node->macs,
                           .k_h = node->k_h,
                           .k_w = node->k_w,
                           .stride_h = node->stride_h,
                           .stride_w = node->stride_w,
                           .dilation_h = node->dilation_h,
                           .dilation_w = node->dilation_w,
                           .inputs = inputs};
    find_name(reader, index, layer);
    memcpy(layer->input, from, (size_t)inputs * sizeof *from);
    int64_t groups = groups_of(reader, node);
    cairn_layer_words(node, groups, layer->operation, sizeof layer->operation);
    cairn_layer_brief(node, groups, layer->brief, sizeof layer->brief);
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

/* Sums, and the layer that gives the scores. */
static void total(const graph_reader *reader)
{
    cairn_architecture *architecture = reader->architecture;
    cairn_val scores = cairn_find(reader->graph, "logits");
    architecture->result = architecture->count - 1;
    if (scores.id != 0 && scores.id < reader->values && reader->layer_of[scores.id] > 0)
        architecture->result = reader->layer_of[scores.id] - 1;
    architecture->chain = architecture->count > 0;
    for (int i = 0; i < architecture->count; i++) {
        const cairn_layer *layer = &architecture->layer[i];
        architecture->params += layer->params;
        architecture->buffers += layer->buffers;
        architecture->macs += layer->macs;
        architecture->named |= layer->scope[0] != '\0';
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
        for (int i = 0; i < reader.nodes; i++)
            add_node(&reader, i);
        total(&reader);
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
