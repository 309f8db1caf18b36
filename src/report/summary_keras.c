/* Keras' ways: how it names layers that were given no name, and in which order it lists those of a branching
 * network. */
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

void cairn_keras_name(const cairn_architecture *architecture, int index, char *text, size_t size)
{
    const char *op = architecture->layer[index].op;
    int before = 0;
    for (int i = 0; i < index; i++)
        before += strcmp(architecture->layer[i].op, op) == 0;
    if (before > 0)
        snprintf(text, size, "%s_%d", kind_name(op), before);
    else
        snprintf(text, size, "%s", kind_name(op));
}

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
