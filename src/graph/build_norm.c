/* The builder calls of normalisation layers. */
#include "graph/graph.h"
#include <stdio.h>

#define NONE ((cairn_val){0})

static cairn_val channel_vector(cairn_graph *graph, const char *layer, const char *kind, int64_t channels,
                                cairn_role role, cairn_init init, float standard)
{
    cairn_shape shape = {.rank = 1, .dim = {channels}};
    return cairn_add_parameter(graph, layer, kind, &shape, role, init,
                               (cairn_init){CAIRN_INIT_CONSTANT, standard}, 1, channels);
}

static void remember_statistics(cairn_graph *graph, const cairn_statistics *statistics)
{
    if (cairn_graph_ok(graph) && cairn_graph_grow(graph, (void **)&graph->statistics, graph->statistics_count,
                                                  &graph->statistics_room, sizeof *graph->statistics))
        graph->statistics[graph->statistics_count++] = *statistics;
}

/* The batch's sums are nodes that readers of the network do not see. */
static cairn_val by_batch(cairn_graph *graph, cairn_val x, const char *name, cairn_statistics *s,
                          cairn_val beta, cairn_val gamma)
{
    char text[CAIRN_NAME_BYTES];
    bool in_training = graph->in_training;
    graph->in_training = true;
    cairn_val statistics[2] = {NONE, NONE};
    snprintf(text, sizeof text, "%.200s/statistics", name);
    cairn_add_node(graph, &cairn_op_batchnorm_statistics, text, NULL, 1, &x, statistics);
    s->sums = statistics[0];
    s->squares = statistics[1];
    graph->in_training = in_training;
    remember_statistics(graph, s);
    cairn_val in[5] = {x, s->sums, s->squares, beta, gamma};
    return cairn_add_node(graph, &cairn_op_batchnorm_train, name, &s->attrs, gamma.id == 0 ? 4 : 5, in, NULL);
}

cairn_val cairn_batchnorm_with(cairn_graph *graph, cairn_val x, const char *name,
                               cairn_batchnorm_options options)
{
    if (!cairn_graph_ok(graph))
        return NONE;
    cairn_shape shape = cairn_shape_of(graph, x);
    if (x.id == 0 || !shape.batched || shape.rank < 1 || !(options.eps >= 0) || !(options.momentum >= 0)) {
        cairn_graph_fail(graph, CAIRN_USAGE,
                         "%.64s: expected an input with channels, eps and momentum of 0 or more", name);
        return NONE;
    }
    int64_t c = shape.dim[shape.rank - 1];
    cairn_statistics s = {.attrs = {.eps = options.eps > 0 ? options.eps : 1e-5,
                                    .momentum = options.momentum > 0 ? options.momentum : 0.1,
                                    .biased = options.biased,
                                    .no_scale = options.no_scale,
                                    .pixels = cairn_shape_elements(&shape) / c}};
    cairn_init none = {CAIRN_INIT_DEFAULT, 0};
    cairn_val gamma = NONE;
    if (!options.no_scale)
        gamma = channel_vector(graph, name, "weight", c, CAIRN_ROLE_PARAMETER, options.init, 1);
    cairn_val beta = channel_vector(graph, name, "bias", c, CAIRN_ROLE_PARAMETER, none, 0);
    s.mean = channel_vector(graph, name, "running_mean", c, CAIRN_ROLE_BUFFER, none, 0);
    s.var = channel_vector(graph, name, "running_var", c, CAIRN_ROLE_BUFFER, none, 1);
    if (graph->for_training && !cairn_is_frozen(graph, name))
        return by_batch(graph, x, name, &s, beta, gamma);
    cairn_val in[5] = {x, beta, s.mean, s.var, gamma};
    return cairn_add_node(graph, &cairn_op_batchnorm, name, &s.attrs, options.no_scale ? 4 : 5, in, NULL);
}

cairn_val cairn_lrn_with(cairn_graph *graph, cairn_val x, cairn_lrn_options options)
{
    cairn_lrn_attrs attrs = {.size = options.size > 0 ? options.size : 5,
                             .alpha = options.alpha > 0 ? options.alpha : 1e-4,
                             .beta = options.beta > 0 ? options.beta : 0.75,
                             .k = options.k > 0 ? options.k : 1};
    return cairn_add_node(graph, &cairn_op_lrn, "lrn", &attrs, 1, &x, NULL);
}
