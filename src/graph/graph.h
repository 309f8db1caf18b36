/* The inside of a graph, for src/graph and src/plan. */
#ifndef CAIRN_GRAPH_GRAPH_H
#define CAIRN_GRAPH_GRAPH_H

#include "ops/attrs.h"
#include "ops/op.h"

#define CAIRN_NAME_BYTES 256
#define CAIRN_MAX_SCOPES 16

struct cairn_node {
    const cairn_op *op;
    char *name;
    _Alignas(16) char attrs[CAIRN_ATTR_BYTES];
    int inputs, outputs;
    cairn_val in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
    bool training; /* added for the loss, a gradient or the update: not shown as part of the network */
};

typedef struct cairn_value {
    cairn_value_type type;
    int node, output; /* who makes it */
} cairn_value;

typedef enum cairn_role { CAIRN_ROLE_PARAMETER, CAIRN_ROLE_BUFFER, CAIRN_ROLE_STATE } cairn_role;

/* A tensor that lives longer than a run: parameter, statistic or optimiser state. */
typedef struct cairn_variable {
    char *name;
    cairn_val value;
    cairn_role role;
    cairn_init init;
    int64_t fan_in, fan_out;
    float lr_factor, decay_factor;
} cairn_variable;

/* A tensor whose numbers belong to the graph. */
typedef struct cairn_constant {
    cairn_val value;
    double *data;
} cairn_constant;

/* Inputs and outputs by name. */
typedef struct cairn_port {
    char *name;
    cairn_val value;
    bool input;
} cairn_port;

/* An auxiliary classifier, which only training listens to. */
typedef struct cairn_head {
    cairn_val logits;
    double weight;
} cairn_head;

/* Running statistics that the update moves. */
typedef struct cairn_statistics {
    cairn_val mean, var, sums, squares;
    cairn_batchnorm_attrs attrs;
} cairn_statistics;

struct cairn_graph {
    cairn_ctx *ctx;
    cairn_status status;
    cairn_node *nodes;
    cairn_value *values; /* index 0 is "no value" */
    cairn_variable *variables;
    cairn_constant *constants;
    cairn_port *ports;
    int node_count, value_count, variable_count, constant_count, port_count;
    int node_room, value_room, variable_room, constant_room, port_room;
    int *names; /* open hash table of nodes by name: index + 1, 0 is free; a power of two */
    int name_room;
    char scope[CAIRN_NAME_BYTES];
    size_t scope_end[CAIRN_MAX_SCOPES];
    int scope_depth;
    char **frozen; /* names of layers */
    int frozen_count, frozen_room;
    bool own_dropout; /* every dropout has this rate */
    float dropout;
    int dropouts; /* made so far: each has a random stream of its own */
    cairn_head heads[CAIRN_MAX_HEADS];
    int head_count;
    cairn_statistics *statistics;
    int statistics_count, statistics_room;
    int gradients; /* the first node of gradients, behind which all belong to them or the update; 0: none */
    bool for_training; /* normalisation uses the batch */
    bool in_training;  /* nodes added now are not part of the network */
};

/* A parameter "<layer>.<kind>" with an initialisation, or if none is chosen the operator's standard one. */
cairn_val cairn_add_parameter(cairn_graph *graph, const char *layer, const char *kind,
                              const cairn_shape *shape, cairn_role role, cairn_init init, cairn_init standard,
                              int64_t fan_in, int64_t fan_out);

/* Whether a layer, its name in the current scope, is frozen. */
bool cairn_is_frozen(const cairn_graph *graph, const char *layer);

/* True while nothing has failed. */
static inline bool cairn_graph_ok(const cairn_graph *graph)
{
    return graph->status == CAIRN_OK;
}

static inline const cairn_value_type *cairn_type_of(const cairn_graph *graph, cairn_val value)
{
    return &graph->values[value.id].type;
}

/* The node that makes a value. */
static inline cairn_node *cairn_maker(const cairn_graph *graph, cairn_val value)
{
    return &graph->nodes[graph->values[value.id].node];
}

/* A new variable or constant. data is copied. Names get the current scope in front. */
cairn_val cairn_add_variable(cairn_graph *graph, const char *name, const cairn_shape *shape, cairn_role role,
                             cairn_init init, int64_t fan_in, int64_t fan_out);
cairn_val cairn_add_constant(cairn_graph *graph, const char *name, const cairn_shape *shape,
                             const double *data);
cairn_val cairn_add_input(cairn_graph *graph, const char *name, const cairn_shape *shape,
                          cairn_element element);

/* The variable whose value this is, or NULL. */
cairn_variable *cairn_variable_of(const cairn_graph *graph, cairn_val value);
const cairn_constant *cairn_constant_of(const cairn_graph *graph, cairn_val value);
const cairn_port *cairn_port_find(const cairn_graph *graph, const char *name);

/* `size` more elements of `width` bytes in one of the graph's growing arrays. Sets the graph's status. */
bool cairn_graph_grow(cairn_graph *graph, void **array, int count, int *room, size_t width);

#endif
