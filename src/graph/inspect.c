/* Looking at a graph: what people see of it, and its text form. */
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

static bool shown(const cairn_node *node)
{
    return !node->training && node->op->label != NULL;
}

int cairn_node_count(const cairn_graph *graph)
{
    int count = 0;
    for (int i = 0; i < graph->node_count; i++)
        count += shown(&graph->nodes[i]);
    return count;
}

/* Does a value hold weights: a parameter, a constant, or something made of them alone? */
static bool of_weights(const cairn_graph *graph, cairn_val value)
{
    return !cairn_type_of(graph, value)->shape.batched;
}

/* Trainable numbers among the inputs, looking through connection tables, which leave some of them out. */
static int64_t params_behind(const cairn_graph *graph, cairn_val value)
{
    const cairn_variable *variable = cairn_variable_of(graph, value);
    if (variable != NULL)
        return variable->role == CAIRN_ROLE_PARAMETER
                   ? cairn_shape_elements(&cairn_type_of(graph, value)->shape)
                   : 0;
    const cairn_node *node = cairn_maker(graph, value);
    if (node->inputs != 2 || cairn_variable_of(graph, node->in[0]) == NULL)
        return 0;
    const cairn_constant *mask = cairn_constant_of(graph, node->in[1]);
    int64_t used = 0, elements = cairn_shape_elements(&cairn_type_of(graph, value)->shape);
    for (int64_t i = 0; mask != NULL && i < elements; i++)
        used += mask->data[i] != 0;
    return used;
}

static int64_t buffers_behind(const cairn_graph *graph, cairn_val value)
{
    const cairn_variable *variable = cairn_variable_of(graph, value);
    bool statistic = variable != NULL && variable->role == CAIRN_ROLE_BUFFER;
    return statistic ? cairn_shape_elements(&cairn_type_of(graph, value)->shape) : 0;
}

static int64_t node_macs(const cairn_graph *graph, const cairn_node *node)
{
    const cairn_value_type *in[CAIRN_MAX_OPERANDS];
    for (int i = 0; i < node->inputs; i++)
        in[i] = cairn_type_of(graph, node->in[i]);
    if (node->op->macs == NULL)
        return 0;
    int64_t macs = node->op->macs(node->attrs, in, cairn_type_of(graph, node->out[0]));
    if (node->inputs < 2)
        return macs;
    /* A connection table leaves the same share of the products out as of the weights. */
    int64_t all = cairn_shape_elements(&in[1]->shape), used = params_behind(graph, node->in[1]);
    return used > 0 && used < all ? macs / all * used : macs;
}

cairn_node_info cairn_node_at(const cairn_graph *graph, int index)
{
    cairn_node_info info = {0};
    for (int i = 0; i < graph->node_count; i++) {
        const cairn_node *node = &graph->nodes[i];
        if (!shown(node) || index-- > 0)
            continue;
        info.name = node->name;
        info.op = node->op->name;
        info.label = node->op->label;
        info.output = node->out[0];
        info.shape = cairn_shape_of(graph, node->out[0]);
        info.macs = node_macs(graph, node);
        for (int k = 0; k < node->inputs; k++) {
            if (of_weights(graph, node->in[k])) {
                info.params += params_behind(graph, node->in[k]);
                info.buffers += buffers_behind(graph, node->in[k]);
            } else
                info.input[info.inputs++] = node->in[k];
        }
        if (node->op->describe != NULL)
            node->op->describe(node->attrs, info.detail, sizeof info.detail);
        if (node->op->window != NULL) {
            const cairn_window *window = node->op->window(node->attrs);
            info.k_h = window->k_h;
            info.k_w = window->k_w;
            info.stride_h = window->stride_h;
            info.stride_w = window->stride_w;
            info.dilation_h = window->dilation_h;
            info.dilation_w = window->dilation_w;
            info.pad_top = window->pad_top;
            info.pad_left = window->pad_left;
        }
        break;
    }
    return info;
}

int cairn_param_count(const cairn_graph *graph)
{
    int count = 0;
    for (int i = 0; i < graph->variable_count; i++)
        count += graph->variables[i].role != CAIRN_ROLE_STATE;
    return count;
}

cairn_param_info cairn_param_at(const cairn_graph *graph, int index)
{
    for (int i = 0; i < graph->variable_count; i++) {
        const cairn_variable *variable = &graph->variables[i];
        if (variable->role == CAIRN_ROLE_STATE || index-- > 0)
            continue;
        return (cairn_param_info){.name = variable->name,
                                  .shape = cairn_shape_of(graph, variable->value),
                                  .trainable =
                                      variable->role == CAIRN_ROLE_PARAMETER && variable->lr_factor > 0,
                                  .lr_factor = variable->lr_factor,
                                  .decay_factor = variable->decay_factor,
                                  .fan_in = variable->fan_in,
                                  .fan_out = variable->fan_out};
    }
    return (cairn_param_info){0};
}

typedef struct writer {
    char *text;
    size_t size, length;
} writer;

static void put(writer *w, const char *format, ...) CAIRN_PRINTF(2, 3);
static void put(writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool room = w->length < w->size;
    int length =
        vsnprintf(room ? w->text + w->length : NULL, room ? w->size - w->length : 0, format, arguments);
    va_end(arguments);
    w->length += length > 0 ? (size_t)length : 0;
}

static void put_shape(writer *w, const cairn_shape *shape)
{
    put(w, "(%s", shape->batched ? "N" : "");
    for (int i = 0; i < shape->rank; i++)
        put(w, "%s%lld", i > 0 || shape->batched ? ", " : "", (long long)shape->dim[i]);
    put(w, ")");
}

size_t cairn_graph_print(const cairn_graph *graph, char *text, size_t size)
{
    writer w = {text, size, 0};
    if (size > 0)
        text[0] = '\0';
    for (int i = 0; i < graph->node_count; i++) {
        const cairn_node *node = &graph->nodes[i];
        for (int k = 0; k < node->outputs; k++)
            put(&w, "%s%%%u", k > 0 ? ", " : "", node->out[k].id);
        put(&w, " = %s(", node->op->name);
        for (int k = 0; k < node->inputs; k++)
            put(&w, "%s%%%u", k > 0 ? ", " : "", node->in[k].id);
        put(&w, ")");
        for (int k = 0; k < node->outputs; k++) {
            put(&w, " ");
            put_shape(&w, &cairn_type_of(graph, node->out[k])->shape);
        }
        put(&w, " %s\n", node->name);
    }
    for (int i = 0; i < graph->port_count; i++)
        put(&w, "%s %s %%%u\n", graph->ports[i].input ? "input" : "output", graph->ports[i].name,
            graph->ports[i].value.id);
    return w.length;
}
