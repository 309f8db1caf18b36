/* Nodes, values, names and scopes of a graph. */
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

cairn_status cairn_graph_create(cairn_ctx *ctx, cairn_graph **result)
{
    *result = NULL;
    cairn_graph *graph = cairn_alloc(ctx, 1, sizeof *graph);
    if (graph == NULL)
        return CAIRN_MEMORY;
    graph->ctx = ctx;
    if (!cairn_graph_grow(graph, (void **)&graph->values, 0, &graph->value_room, sizeof *graph->values)) {
        cairn_free(ctx, graph);
        return CAIRN_MEMORY;
    }
    memset(&graph->values[0], 0, sizeof graph->values[0]);
    graph->value_count = 1;
    *result = graph;
    return CAIRN_OK;
}

void cairn_graph_destroy(cairn_graph *graph)
{
    if (graph == NULL)
        return;
    cairn_ctx *ctx = graph->ctx;
    for (int i = 0; i < graph->node_count; i++)
        cairn_free(ctx, graph->nodes[i].name);
    for (int i = 0; i < graph->variable_count; i++)
        cairn_free(ctx, graph->variables[i].name);
    for (int i = 0; i < graph->constant_count; i++)
        cairn_free(ctx, graph->constants[i].data);
    for (int i = 0; i < graph->port_count; i++)
        cairn_free(ctx, graph->ports[i].name);
    for (int i = 0; i < graph->frozen_count; i++)
        cairn_free(ctx, graph->frozen[i]);
    cairn_free(ctx, graph->frozen);
    cairn_free(ctx, graph->statistics);
    cairn_free(ctx, graph->names);
    cairn_free(ctx, graph->nodes);
    cairn_free(ctx, graph->values);
    cairn_free(ctx, graph->variables);
    cairn_free(ctx, graph->constants);
    cairn_free(ctx, graph->ports);
    cairn_free(ctx, graph);
}

void cairn_graph_for_training(cairn_graph *graph)
{
    graph->for_training = true;
}

void cairn_graph_freeze(cairn_graph *graph, const char *layer)
{
    char *copy = cairn_graph_ok(graph) ? cairn_strdup(graph->ctx, layer) : NULL;
    if (copy != NULL && cairn_graph_grow(graph, (void **)&graph->frozen, graph->frozen_count,
                                         &graph->frozen_room, sizeof *graph->frozen)) {
        graph->frozen[graph->frozen_count++] = copy;
        return;
    }
    cairn_free(graph->ctx, copy);
    if (cairn_graph_ok(graph))
        graph->status = CAIRN_MEMORY;
}

bool cairn_is_frozen(const cairn_graph *graph, const char *layer)
{
    char name[2 * CAIRN_NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", graph->scope, layer);
    for (int i = 0; i < graph->frozen_count; i++) {
        size_t length = strlen(graph->frozen[i]);
        if (strncmp(name, graph->frozen[i], length) == 0 && (name[length] == '\0' || name[length] == '.'))
            return true;
    }
    return false;
}

void cairn_graph_set_dropout(cairn_graph *graph, float rate)
{
    graph->own_dropout = true;
    graph->dropout = rate;
}

cairn_status cairn_graph_status(const cairn_graph *graph)
{
    return graph->status;
}

void cairn_graph_fail(cairn_graph *graph, cairn_status status, const char *format, ...)
{
    if (!cairn_graph_ok(graph))
        return;
    char text[CAIRN_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    graph->status = cairn_fail(graph->ctx, status, "%s%s", graph->scope, text);
}

bool cairn_graph_grow(cairn_graph *graph, void **array, int count, int *room, size_t width)
{
    if (count < *room)
        return true;
    int wanted = *room == 0 ? 32 : *room * 2;
    void *larger = cairn_resize(graph->ctx, *array, (size_t)wanted, width);
    if (larger == NULL) {
        graph->status = CAIRN_MEMORY;
        return false;
    }
    *array = larger;
    *room = wanted;
    return true;
}

void cairn_enter(cairn_graph *graph, const char *format, ...)
{
    if (!cairn_graph_ok(graph))
        return;
    if (graph->scope_depth == CAIRN_MAX_SCOPES) {
        cairn_graph_fail(graph, CAIRN_USAGE, "more than %d scopes inside each other", CAIRN_MAX_SCOPES);
        return;
    }
    size_t end = strlen(graph->scope), room = sizeof graph->scope - end;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(graph->scope + end, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length + 1 >= room) {
        graph->scope[end] = '\0';
        cairn_graph_fail(graph, CAIRN_USAGE, "scope name too long (expected up to %d bytes)",
                         CAIRN_NAME_BYTES);
        return;
    }
    memcpy(graph->scope + end + length, ".", 2);
    graph->scope_end[graph->scope_depth++] = end;
}

void cairn_leave(cairn_graph *graph)
{
    if (!cairn_graph_ok(graph))
        return;
    if (graph->scope_depth == 0) {
        cairn_graph_fail(graph, CAIRN_USAGE, "cairn_leave without cairn_enter");
        return;
    }
    graph->scope[graph->scope_end[--graph->scope_depth]] = '\0';
}

/* The slot of a name: where it is, or where it would go. */
static int name_slot(const cairn_graph *graph, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    int slot = (int)(hash & (uint32_t)(graph->name_room - 1));
    while (graph->names[slot] != 0 && strcmp(graph->nodes[graph->names[slot] - 1].name, name) != 0)
        slot = (slot + 1) & (graph->name_room - 1);
    return slot;
}

static bool name_taken(const cairn_graph *graph, const char *name)
{
    return graph->name_room > 0 && graph->names[name_slot(graph, name)] != 0;
}

/* Enters the newest node; at most half of the table is in use. */
static bool remember_name(cairn_graph *graph)
{
    int newest = graph->node_count - 1, room = graph->name_room;
    if (2 * graph->node_count > room) {
        cairn_free(graph->ctx, graph->names);
        graph->name_room = room == 0 ? 128 : 2 * room;
        graph->names = cairn_alloc(graph->ctx, (size_t)graph->name_room, sizeof *graph->names);
        if (graph->names == NULL) {
            graph->name_room = 0;
            graph->status = CAIRN_MEMORY;
            return false;
        }
        for (int i = 0; i < newest; i++)
            graph->names[name_slot(graph, graph->nodes[i].name)] = i + 1;
    }
    graph->names[name_slot(graph, graph->nodes[newest].name)] = newest + 1;
    return true;
}

/* The scoped name; repeated ones are counted: relu, relu_1, relu_2. */
static char *unique_name(cairn_graph *graph, const char *name)
{
    char full[CAIRN_NAME_BYTES];
    int length = snprintf(full, sizeof full, "%s%s", graph->scope, name);
    for (int i = 1; length > 0 && length < (int)sizeof full && name_taken(graph, full); i++)
        length = snprintf(full, sizeof full, "%s%s_%d", graph->scope, name, i);
    if (length <= 0 || length >= (int)sizeof full) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: name too long (expected up to %d bytes)", name,
                         CAIRN_NAME_BYTES);
        return NULL;
    }
    char *copy = cairn_strdup(graph->ctx, full);
    if (copy == NULL)
        graph->status = CAIRN_MEMORY;
    return copy;
}

static bool infer(cairn_graph *graph, cairn_infer *rule, const cairn_op *op)
{
    if (rule->inputs < op->min_inputs || rule->inputs > op->max_inputs) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%s: %s takes %d to %d inputs, found %d", rule->name, op->name,
                         op->min_inputs, op->max_inputs, rule->inputs);
        return false;
    }
    cairn_status status = op->infer == NULL ? CAIRN_OK : op->infer(rule);
    if (status != CAIRN_OK)
        graph->status = status;
    return status == CAIRN_OK;
}

static cairn_val new_value(cairn_graph *graph, const cairn_value_type *type, int output)
{
    graph->values[graph->value_count] = (cairn_value){*type, graph->node_count, output};
    return (cairn_val){(uint32_t)graph->value_count++};
}

cairn_val cairn_add_node(cairn_graph *graph, const cairn_op *op, const char *name, const void *attrs,
                         int inputs, const cairn_val *in, cairn_val *out)
{
    cairn_val none = {0};
    for (int i = 0; out != NULL && i < op->outputs; i++)
        out[i] = none;
    if (!cairn_graph_ok(graph) || !cairn_graph_grow(graph, (void **)&graph->nodes, graph->node_count,
                                                    &graph->node_room, sizeof *graph->nodes))
        return none;
    cairn_node node = {.op = op, .inputs = inputs, .outputs = op->outputs, .training = graph->in_training};
    if (attrs != NULL && op->attr_size > 0)
        memcpy(node.attrs, attrs, op->attr_size);
    cairn_infer rule = {.ctx = graph->ctx, .attrs = node.attrs, .inputs = inputs, .outputs = op->outputs};
    for (int i = 0; i < inputs; i++) {
        if (in[i].id == 0 || in[i].id >= (uint32_t)graph->value_count) {
            cairn_graph_fail(graph, CAIRN_USAGE, "%s: input %d is no value of this graph", name, i);
            return none;
        }
        node.in[i] = in[i];
        rule.in[i] = cairn_type_of(graph, in[i]);
    }
    node.name = unique_name(graph, name);
    rule.name = node.name;
    if (node.name == NULL || !infer(graph, &rule, op)) {
        cairn_free(graph->ctx, node.name);
        return none;
    }
    for (int i = 0; i < op->outputs; i++) {
        if (!cairn_graph_grow(graph, (void **)&graph->values, graph->value_count, &graph->value_room,
                              sizeof *graph->values)) {
            cairn_free(graph->ctx, node.name);
            return none;
        }
        node.out[i] = new_value(graph, &rule.out[i], i);
        if (out != NULL)
            out[i] = node.out[i];
    }
    graph->nodes[graph->node_count++] = node;
    if (!remember_name(graph))
        return none;
    return op->outputs > 0 ? node.out[0] : none;
}

cairn_val cairn_add_input(cairn_graph *graph, const char *name, const cairn_shape *shape,
                          cairn_element element)
{
    const cairn_port *port = cairn_port_find(graph, name);
    if (port != NULL && port->input)
        return port->value;
    cairn_source_attrs attrs = {.type = {*shape, element}};
    bool in_training = graph->in_training;
    graph->in_training = element != CAIRN_REAL && element != CAIRN_BYTE;
    cairn_val value = cairn_add_node(graph, &cairn_op_input, name, &attrs, 0, NULL, NULL);
    graph->in_training = in_training;
    cairn_output(graph, value, name);
    if (cairn_graph_ok(graph))
        graph->ports[graph->port_count - 1].input = true;
    return value;
}

cairn_val cairn_add_variable(cairn_graph *graph, const char *name, const cairn_shape *shape, cairn_role role,
                             cairn_init init, int64_t fan_in, int64_t fan_out)
{
    cairn_source_attrs attrs = {.type = {*shape, CAIRN_REAL}};
    cairn_val value = cairn_add_node(graph, &cairn_op_variable, name, &attrs, 0, NULL, NULL);
    if (value.id == 0 || !cairn_graph_grow(graph, (void **)&graph->variables, graph->variable_count,
                                           &graph->variable_room, sizeof *graph->variables))
        return (cairn_val){0};
    char *copy = cairn_strdup(graph->ctx, cairn_maker(graph, value)->name);
    if (copy == NULL) {
        graph->status = CAIRN_MEMORY;
        return (cairn_val){0};
    }
    graph->variables[graph->variable_count++] =
        (cairn_variable){copy, value, role, init, fan_in, fan_out, 1.0f, 1.0f};
    return value;
}

cairn_val cairn_add_constant(cairn_graph *graph, const char *name, const cairn_shape *shape,
                             const double *data)
{
    cairn_source_attrs attrs = {.type = {*shape, CAIRN_REAL}};
    cairn_val value = cairn_add_node(graph, &cairn_op_constant, name, &attrs, 0, NULL, NULL);
    if (value.id == 0 || !cairn_graph_grow(graph, (void **)&graph->constants, graph->constant_count,
                                           &graph->constant_room, sizeof *graph->constants))
        return (cairn_val){0};
    size_t elements = (size_t)cairn_shape_elements(shape);
    double *copy = cairn_resize(graph->ctx, NULL, elements, sizeof *copy);
    if (copy == NULL) {
        graph->status = CAIRN_MEMORY;
        return (cairn_val){0};
    }
    memcpy(copy, data, elements * sizeof *copy);
    graph->constants[graph->constant_count++] = (cairn_constant){value, copy};
    return value;
}

cairn_variable *cairn_variable_of(const cairn_graph *graph, cairn_val value)
{
    for (int i = 0; i < graph->variable_count; i++)
        if (graph->variables[i].value.id == value.id)
            return &graph->variables[i];
    return NULL;
}

const cairn_constant *cairn_constant_of(const cairn_graph *graph, cairn_val value)
{
    for (int i = 0; i < graph->constant_count; i++)
        if (graph->constants[i].value.id == value.id)
            return &graph->constants[i];
    return NULL;
}

const cairn_port *cairn_port_find(const cairn_graph *graph, const char *name)
{
    for (int i = 0; i < graph->port_count; i++)
        if (strcmp(graph->ports[i].name, name) == 0)
            return &graph->ports[i];
    return NULL;
}

void cairn_output(cairn_graph *graph, cairn_val value, const char *name)
{
    if (!cairn_graph_ok(graph))
        return;
    if (value.id == 0 || cairn_port_find(graph, name) != NULL) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: %s", name,
                         value.id == 0 ? "output without a value"
                                       : "there is an input or output of that name");
        return;
    }
    if (!cairn_graph_grow(graph, (void **)&graph->ports, graph->port_count, &graph->port_room,
                          sizeof *graph->ports))
        return;
    char *copy = cairn_strdup(graph->ctx, name);
    if (copy == NULL) {
        graph->status = CAIRN_MEMORY;
        return;
    }
    graph->ports[graph->port_count++] = (cairn_port){copy, value, false};
}

cairn_val cairn_find(const cairn_graph *graph, const char *name)
{
    const cairn_port *port = cairn_port_find(graph, name);
    return port == NULL ? (cairn_val){0} : port->value;
}

cairn_shape cairn_shape_of(const cairn_graph *graph, cairn_val value)
{
    if (value.id >= (uint32_t)graph->value_count)
        return (cairn_shape){0};
    return cairn_type_of(graph, value)->shape;
}

int64_t cairn_shape_elements(const cairn_shape *shape)
{
    int64_t elements = 1;
    for (int i = 0; i < shape->rank; i++)
        elements *= shape->dim[i];
    return elements;
}
