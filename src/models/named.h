/* Names for operators without weights, where a flavour's makers gave them some ("pool1_pool", "mixed0"): a
 * scope that holds nothing else. Tables and pictures show them. */
#ifndef CAIRN_MODELS_NAMED_H
#define CAIRN_MODELS_NAMED_H

#include <cairn/graph.h>

/* Around the call that makes the operator. NULL: it is called after its kind. */
static inline void cairn_name_begin(cairn_graph *graph, const char *name)
{
    if (name)
        cairn_enter(graph, "%s", name);
}

static inline void cairn_name_end(cairn_graph *graph, const char *name)
{
    if (name)
        cairn_leave(graph);
}

static inline cairn_val cairn_relu_named(cairn_graph *graph, cairn_val x, const char *name)
{
    cairn_name_begin(graph, name);
    x = cairn_relu(graph, x);
    cairn_name_end(graph, name);
    return x;
}

static inline cairn_val cairn_add_named(cairn_graph *graph, cairn_val a, cairn_val b, const char *name)
{
    cairn_name_begin(graph, name);
    a = cairn_add(graph, a, b);
    cairn_name_end(graph, name);
    return a;
}

static inline cairn_val cairn_concat_named(cairn_graph *graph, int count, const cairn_val *values,
                                           const char *name)
{
    cairn_name_begin(graph, name);
    cairn_val x = cairn_concat(graph, count, values);
    cairn_name_end(graph, name);
    return x;
}

static inline cairn_val cairn_global_avgpool_named(cairn_graph *graph, cairn_val x, const char *name)
{
    cairn_name_begin(graph, name);
    x = cairn_global_avgpool(graph, x);
    cairn_name_end(graph, name);
    return x;
}

#endif
