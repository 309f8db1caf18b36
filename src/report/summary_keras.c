/* Keras' ways: how it names layers that were given no name, which layers it has that the graph does not need,
 * and in which order it lists those of a branching network. */
#include "report/summary.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *op, *name;
} names[] = {
    {"adaptive_avgpool", "average_pooling2d"},
    {"avgpool", "average_pooling2d"},
    {"batchnorm", "batch_normalization"},
    {"concat", "concatenate"},
    {"global_avgpool", "global_average_pooling2d"},
    {"input", "input_layer"},
    {"linear", "dense"},
    {"maxpool", "max_pooling2d"},
    {"zero_pad", "zero_padding2d"},
};

static const char *kind_name(const char *op)
{
    for (size_t i = 0; i < CAIRN_COUNT(names); i++)
        if (strcmp(op, names[i].op) == 0)
            return names[i].name;
    return op;
}

/* Networks that name a layer without weights name all that have some, too. */
static bool has_name(const cairn_architecture *architecture, int index)
{
    const cairn_layer *layer = &architecture->layer[index];
    return architecture->named && (layer->scope[0] || layer->params > 0);
}

void cairn_keras_name(const cairn_architecture *architecture, int index, char *text, size_t size)
{
    const char *op = architecture->layer[index].op;
    int before = 0;
    for (int i = 0; i < index; i++)
        before += strcmp(architecture->layer[i].op, op) == 0 && !has_name(architecture, i);
    if (has_name(architecture, index))
        snprintf(text, size, "%s", architecture->layer[index].name);
    else if (before > 0)
        snprintf(text, size, "%s_%d", kind_name(op), before);
    else
        snprintf(text, size, "%s", kind_name(op));
}

/* ---- padding ---- */

#define CONV "_conv"

/* Does Keras' code pad in a layer of its own, X_pad before X_conv? */
static bool pads_apart(const cairn_architecture *architecture, const cairn_layer *layer)
{
    size_t length = strlen(layer->name), end = sizeof CONV - 1;
    return architecture->named && strcmp(layer->op, "conv2d") == 0 && layer->k_h > 1 && layer->inputs == 1 &&
           length > end && length < sizeof layer->scope && strcmp(layer->name + length - end, CONV) == 0;
}

static cairn_layer padding_of(const cairn_architecture *architecture, const cairn_layer *conv)
{
    cairn_layer pad = {.op = "zero_pad",
                       .label = "ZeroPadding2D",
                       .kind = CAIRN_LAYER_OTHER,
                       .shape = architecture->layer[conv->input[0]].shape,
                       .inputs = 1};
    pad.shape.dim[0] += 2 * (conv->k_h / 2);
    pad.shape.dim[1] += 2 * (conv->k_w / 2);
    pad.input[0] = conv->input[0];
    snprintf(pad.scope, sizeof pad.scope, "%.*s_pad", (int)(strlen(conv->name) - (sizeof CONV - 1)),
             conv->name);
    return pad;
}

/* Copies all layers to `to` with those of padding between them. place: for each layer where it went. */
static int spread(const cairn_architecture *architecture, cairn_layer *to, int *place)
{
    int count = 0;
    for (int i = 0; i < architecture->count; i++) {
        const cairn_layer *layer = &architecture->layer[i];
        bool apart = pads_apart(architecture, layer);
        if (apart) {
            to[count] = padding_of(architecture, layer);
            to[count].input[0] = place[layer->input[0]];
            to[count].name = to[count].scope;
            count++;
        }
        place[i] = count;
        to[count] = *layer;
        if (layer->name == layer->scope)
            to[count].name = to[count].scope;
        for (int k = 0; k < layer->inputs; k++)
            to[count].input[k] = apart ? count - 1 : place[layer->input[k]];
        count++;
    }
    return count;
}

cairn_status cairn_keras_pads(cairn_architecture *architecture)
{
    cairn_ctx *ctx = architecture->ctx;
    size_t count = (size_t)architecture->count + 1;
    cairn_layer *layers = cairn_alloc(ctx, count, 2 * sizeof *layers);
    int *place = cairn_alloc(ctx, count, sizeof *place);
    bool room = layers && place;
    if (room) {
        architecture->count = spread(architecture, layers, place);
        architecture->result = place[architecture->result];
        cairn_free(ctx, architecture->layer);
        architecture->layer = layers;
    } else {
        cairn_free(ctx, layers);
    }
    cairn_free(ctx, place);
    return room ? CAIRN_OK : CAIRN_MEMORY;
}

/* ---- order ---- */

/* Layers are listed by the longest way to an output, then in the order in which a walk from the outputs back
 * to the input first meets them. */
typedef struct walk {
    const cairn_architecture *architecture;
    int *depth, *met, *stack;
    int count;
} walk;

/* Inputs of a layer in order, each with all behind it before the next one. */
static void walk_back(walk *w, int from)
{
    int top = 0;
    w->stack[top++] = from;
    while (top > 0) {
        int at = w->stack[--top];
        if (w->met[at] > 0)
            continue;
        w->met[at] = ++w->count;
        const cairn_layer *layer = &w->architecture->layer[at];
        for (int k = layer->inputs - 1; k >= 0; k--)
            if (w->met[layer->input[k]] == 0)
                w->stack[top++] = layer->input[k];
    }
}

static void measure(walk *w)
{
    const cairn_architecture *a = w->architecture;
    walk_back(w, a->result);
    for (int i = 0; i < a->count; i++) {
        bool read = false;
        for (int k = i + 1; k < a->count && !read; k++)
            for (int j = 0; j < a->layer[k].inputs; j++)
                read |= a->layer[k].input[j] == i;
        if (!read)
            walk_back(w, i);
    }
    for (int i = a->count - 1; i >= 0; i--)
        for (int k = 0; k < a->layer[i].inputs; k++) {
            int *depth = &w->depth[a->layer[i].input[k]];
            *depth = *depth > w->depth[i] + 1 ? *depth : w->depth[i] + 1;
        }
}

static bool comes_before(const walk *w, int a, int b)
{
    return w->depth[a] != w->depth[b] ? w->depth[a] > w->depth[b] : w->met[a] < w->met[b];
}

cairn_status cairn_keras_order(const cairn_architecture *architecture, int *order)
{
    size_t count = (size_t)architecture->count;
    walk w = {.architecture = architecture};
    w.depth = cairn_alloc(architecture->ctx, count + 1, sizeof *w.depth);
    w.met = cairn_alloc(architecture->ctx, count + 1, sizeof *w.met);
    w.stack = cairn_alloc(architecture->ctx, count + 1, CAIRN_MAX_INPUTS * sizeof *w.stack);
    bool room = w.depth && w.met && w.stack;
    if (room && count > 0) {
        measure(&w);
        for (int i = 0; i < architecture->count; i++) {
            int at = i;
            for (; at > 0 && comes_before(&w, i, order[at - 1]); at--)
                order[at] = order[at - 1];
            order[at] = i;
        }
    }
    cairn_free(architecture->ctx, w.depth);
    cairn_free(architecture->ctx, w.met);
    cairn_free(architecture->ctx, w.stack);
    return room ? CAIRN_OK : CAIRN_MEMORY;
}
