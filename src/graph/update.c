/* The update of a training step: one check of all numbers, then a node of the optimiser for each parameter,
 * the running statistics, and moving averages, all of which change together or not at all. */
#include "base/text.h"
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

#define NONE ((cairn_val){0})

void cairn_param_group(cairn_graph *graph, const char *prefix, float lr_factor, float decay_factor)
{
    for (int i = 0; i < graph->variable_count; i++) {
        cairn_variable *variable = &graph->variables[i];
        if (variable->role == CAIRN_ROLE_PARAMETER && strncmp(variable->name, prefix, strlen(prefix)) == 0) {
            variable->lr_factor = lr_factor;
            variable->decay_factor = decay_factor;
        }
    }
}

static cairn_val gradient_of(const cairn_graph *graph, const cairn_variable *variable)
{
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.249s/grad", variable->name);
    return cairn_find(graph, name);
}

/* From now on a gradient is what the runs of a step have brought so far. */
static void accumulate_gradients(cairn_graph *graph)
{
    for (int i = 0; i < graph->port_count && cairn_graph_ok(graph); i++) {
        cairn_port *port = &graph->ports[i];
        if (port->input || !cairn_ends_with(port->name, "/grad"))
            continue;
        char name[CAIRN_NAME_BYTES];
        snprintf(name, sizeof name, "%.230s/accumulated", port->name);
        port->value = cairn_add_node(graph, &cairn_op_accumulate, name, NULL, 1, &port->value, NULL);
    }
}

#define LEVELS 8 /* of the tree: enough for all gradients that memory holds */

/* Values that wait to be joined, and above them flags of those that are. */
typedef struct tree {
    cairn_val in[LEVELS][CAIRN_MAX_OPERANDS];
    int inputs[LEVELS];
} tree;

static cairn_val join(cairn_graph *graph, tree *t, int level)
{
    int inputs = t->inputs[level];
    t->inputs[level] = 0;
    return cairn_add_node(graph, &cairn_op_finite, "finite", NULL, inputs, t->in[level], NULL);
}

static void put(cairn_graph *graph, tree *t, int level, cairn_val value)
{
    if (t->inputs[level] == CAIRN_MAX_OPERANDS)
        put(graph, t, level + 1, join(graph, t, level));
    t->in[level][t->inputs[level]++] = value;
}

/* Whether the loss and every gradient are finite, as a tree of nodes: each can be answered as soon as its few
 * gradients are there, and by any thread. */
static cairn_val all_finite(cairn_graph *graph, cairn_val loss)
{
    tree t = {.inputs = {0}};
    put(graph, &t, 0, loss);
    for (int i = 0; i < graph->variable_count; i++) {
        cairn_val gradient = gradient_of(graph, &graph->variables[i]);
        if (gradient.id != 0)
            put(graph, &t, 0, gradient);
    }
    cairn_val flag = join(graph, &t, 0);
    for (int level = 1; level < LEVELS && t.inputs[level] > 0; level++) {
        put(graph, &t, level, flag);
        flag = join(graph, &t, level);
    }
    return flag;
}

/* The sum of the squares of every gradient's numbers, as a chain of nodes with up to seven new gradients
 * each: in the order of the parameters. */
static cairn_val squares_of_gradients(cairn_graph *graph)
{
    cairn_square_sum_attrs attrs = {.chained = false};
    cairn_val in[CAIRN_MAX_OPERANDS];
    int inputs = 0;
    for (int i = 0; i < graph->variable_count; i++) {
        cairn_val gradient = gradient_of(graph, &graph->variables[i]);
        if (gradient.id == 0)
            continue;
        if (inputs == CAIRN_MAX_OPERANDS) {
            in[0] = cairn_add_node(graph, &cairn_op_square_sum, "square_sum", &attrs, inputs, in, NULL);
            attrs.chained = true;
            inputs = 1;
        }
        in[inputs++] = gradient;
    }
    return cairn_add_node(graph, &cairn_op_square_sum, "square_sum", &attrs, inputs, in, NULL);
}

/* ---- optimisers ---- */

/* What an optimiser's operator takes: its attributes, and the names of the tensors that it remembers. */
typedef struct method {
    const cairn_op *op;
    const char *slots[2];
    _Alignas(16) char attrs[CAIRN_ATTR_BYTES];
} method;

static double given_or(double value, double standard)
{
    return value > 0 ? value : standard;
}

static cairn_adam_attrs adam_attrs(const cairn_update_options *o, double eps)
{
    return (cairn_adam_attrs){.beta1 = given_or(o->beta1, 0.9),
                              .beta2 = given_or(o->beta2, 0.999),
                              .eps = given_or(o->eps, eps),
                              .decoupled = o->optimizer == CAIRN_ADAMW};
}

static method method_of(const cairn_update_options *o)
{
    method m = {.op = &cairn_op_sgd, .slots = {"velocity", NULL}};
    cairn_sgd_attrs sgd = {.momentum = o->momentum, .dampening = o->dampening, .nesterov = o->nesterov};
    cairn_rmsprop_attrs rmsprop = {.decay = given_or(o->decay, 0.9),
                                   .eps = given_or(o->eps, 1.0),
                                   .momentum = o->momentum,
                                   .first = 1.0};
    cairn_lars_attrs lars = {
        .momentum = o->momentum, .trust = given_or(o->trust, 1e-3), .nesterov = o->nesterov};
    cairn_adam_attrs adam = adam_attrs(o, 1e-8), lamb = adam_attrs(o, 1e-6);
    switch (o->optimizer) {
    case CAIRN_SGD:
        memcpy(m.attrs, &sgd, sizeof sgd);
        break;
    case CAIRN_RMSPROP:
        m.op = &cairn_op_rmsprop;
        m.slots[0] = "square";
        m.slots[1] = "velocity";
        memcpy(m.attrs, &rmsprop, sizeof rmsprop);
        break;
    case CAIRN_LARS:
        m.op = &cairn_op_lars;
        memcpy(m.attrs, &lars, sizeof lars);
        break;
    case CAIRN_ADAM:
    case CAIRN_ADAMW:
    case CAIRN_LAMB:
        m.op = o->optimizer == CAIRN_LAMB ? &cairn_op_lamb : &cairn_op_adam;
        m.slots[0] = "mean";
        m.slots[1] = "square";
        memcpy(m.attrs, o->optimizer == CAIRN_LAMB ? &lamb : &adam, sizeof adam);
        break;
    }
    return m;
}

static cairn_val add_state(cairn_graph *graph, const cairn_variable *variable, const char *kind)
{
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.244s/%.10s", variable->name, kind);
    cairn_shape shape = cairn_shape_of(graph, variable->value);
    return cairn_add_variable(graph, name, &shape, CAIRN_ROLE_STATE, (cairn_init){CAIRN_INIT_ZEROS, 0}, 0, 0);
}

static void update(cairn_graph *graph, int index, cairn_val flag, cairn_val squares, method m,
                   const cairn_update_options *options)
{
    cairn_variable variable = graph->variables[index]; /* a copy: the array moves as states are added */
    cairn_val gradient = gradient_of(graph, &variable);
    if (gradient.id == 0)
        return;
    cairn_val in[CAIRN_MAX_OPERANDS] = {variable.value, gradient};
    int inputs = 2;
    for (size_t i = 0; i < CAIRN_COUNT(m.slots) && m.slots[i] != NULL; i++)
        in[inputs++] = add_state(graph, &variable, m.slots[i]);
    in[inputs++] = flag;
    if (squares.id != 0)
        in[inputs++] = squares;
    cairn_update_attrs common = {.lr_factor = (double)variable.lr_factor,
                                 .weight_decay = options->weight_decay * (double)variable.decay_factor,
                                 .clip_norm = options->clip_norm,
                                 .clip_value = options->clip_value};
    memcpy(m.attrs, &common, sizeof common);
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.248s/update", variable.name);
    cairn_add_node(graph, m.op, name, m.attrs, inputs, in, NULL);
}

static void update_statistics(cairn_graph *graph, const cairn_statistics *s, cairn_val flag)
{
    cairn_val in[5] = {s->mean, s->var, s->sums, s->squares, flag};
    cairn_add_node(graph, &cairn_op_batchnorm_update, "statistics", &s->attrs, 5, in, NULL);
}

/* ---- moving averages ---- */

static void average(cairn_graph *graph, cairn_val value, cairn_val flag, double decay)
{
    const cairn_variable *found = cairn_variable_of(graph, value);
    if (found == NULL)
        return;
    cairn_variable variable = *found;
    cairn_average_attrs attrs = {decay};
    cairn_val in[3] = {add_state(graph, &variable, "average"), value, flag};
    char name[CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%.246s/averaged", variable.name);
    cairn_add_node(graph, &cairn_op_average, name, &attrs, 3, in, NULL);
}

/* Of what the step changes: frozen parameters are their own average. */
static void average_all(cairn_graph *graph, int variables, cairn_val flag, double decay)
{
    for (int i = 0; i < variables && cairn_graph_ok(graph); i++)
        if (gradient_of(graph, &graph->variables[i]).id != 0)
            average(graph, graph->variables[i].value, flag, decay);
    for (int i = 0; i < graph->statistics_count && cairn_graph_ok(graph); i++) {
        average(graph, graph->statistics[i].mean, flag, decay);
        average(graph, graph->statistics[i].var, flag, decay);
    }
}

/* ---- all of it ---- */

static bool check(cairn_graph *graph, const cairn_update_options *o)
{
    const struct {
        const char *name;
        double value, limit;
    } numbers[] = {{"momentum", o->momentum, 1},
                   {"dampening", o->dampening, 1},
                   {"weight decay", o->weight_decay, 0},
                   {"decay", o->decay, 1},
                   {"beta1", o->beta1, 1},
                   {"beta2", o->beta2, 1},
                   {"eps", o->eps, 0},
                   {"trust", o->trust, 0},
                   {"clip norm", o->clip_norm, 0},
                   {"clip value", o->clip_value, 0},
                   {"average", o->average, 1}};
    for (size_t i = 0; i < CAIRN_COUNT(numbers); i++)
        if (!(numbers[i].value >= 0) || (numbers[i].limit > 0 && numbers[i].value > numbers[i].limit)) {
            cairn_graph_fail(graph, CAIRN_USAGE, "update: %s %g (expected 0 or more%s)", numbers[i].name,
                             numbers[i].value, numbers[i].limit > 0 ? ", up to 1" : "");
            return false;
        }
    if (!o->nesterov || o->momentum > 0)
        return true;
    cairn_graph_fail(graph, CAIRN_USAGE, "update: nesterov needs a momentum above 0");
    return false;
}

void cairn_update(cairn_graph *graph, cairn_val loss, cairn_update_options options)
{
    if (!cairn_graph_ok(graph) || !check(graph, &options))
        return;
    graph->in_training = true;
    if (options.accumulate)
        accumulate_gradients(graph);
    cairn_val flag = all_finite(graph, loss), gate = flag;
    if (options.accumulate)
        gate = cairn_add_node(graph, &cairn_op_gate, "gate", NULL, 1, &flag, NULL);
    cairn_val squares = options.clip_norm > 0 ? squares_of_gradients(graph) : NONE;
    int variables = graph->variable_count;
    method m = method_of(&options);
    for (int i = 0; i < variables && cairn_graph_ok(graph); i++)
        update(graph, i, gate, squares, m, &options);
    for (int i = 0; i < graph->statistics_count && cairn_graph_ok(graph); i++)
        update_statistics(graph, &graph->statistics[i], flag);
    if (options.average > 0)
        average_all(graph, variables, gate, options.average);
    cairn_output(graph, flag, "finite");
    graph->in_training = false;
}
