/* Stage 1: the nodes that the wanted outputs need become steps on values; views become other names of the
 * value they look at. Stage 2 (fuse.c) works on values too; buffers come after it. */
#include "plan/plan.h"
#include <string.h>

int cairn_plan_add_buffer(cairn_plan *plan, const cairn_buffer *buffer)
{
    if (plan->buffer_count == plan->buffer_room) {
        int room = plan->buffer_room == 0 ? 64 : 2 * plan->buffer_room;
        void *larger = cairn_resize(plan->ctx, plan->buffers, (size_t)room, sizeof *plan->buffers);
        if (larger == NULL)
            return -1;
        plan->buffers = larger;
        plan->buffer_room = room;
    }
    plan->buffers[plan->buffer_count] = *buffer;
    return plan->buffer_count++;
}

int cairn_plan_add_step(cairn_plan *plan, const cairn_step *step, const char *name)
{
    if (plan->step_count == plan->step_room) {
        int room = plan->step_room == 0 ? 64 : 2 * plan->step_room;
        void *larger = cairn_resize(plan->ctx, plan->steps, (size_t)room, sizeof *plan->steps);
        if (larger == NULL)
            return -1;
        plan->steps = larger;
        plan->step_room = room;
    }
    cairn_step *added = &plan->steps[plan->step_count];
    *added = *step;
    added->name = cairn_strdup(plan->ctx, name);
    if (added->name == NULL)
        return -1;
    return plan->step_count++;
}

uint32_t cairn_plan_add_value(cairn_plan *plan, const cairn_value_type *type)
{
    size_t count = (size_t)plan->value_count + 1;
    void *values = cairn_resize(plan->ctx, plan->values, count, sizeof *plan->values);
    plan->values = values != NULL ? values : plan->values;
    void *root = cairn_resize(plan->ctx, plan->root, count, sizeof *plan->root);
    plan->root = root != NULL ? root : plan->root;
    void *buffer_of = cairn_resize(plan->ctx, plan->buffer_of, count, sizeof *plan->buffer_of);
    plan->buffer_of = buffer_of != NULL ? buffer_of : plan->buffer_of;
    if (values == NULL || root == NULL || buffer_of == NULL)
        return 0;
    uint32_t value = (uint32_t)plan->value_count++;
    plan->values[value] = (cairn_value){.type = *type};
    plan->root[value] = value;
    plan->buffer_of[value] = -1;
    return value;
}

static bool name_in_list(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = list; *p != '\0';) {
        size_t span = strcspn(p, ",");
        if (span == length && memcmp(p, name, length) == 0)
            return true;
        p += span + (p[span] == ',');
    }
    return false;
}

static bool port_wanted(const cairn_plan *plan, const cairn_port *port)
{
    return !port->input && (plan->options.outputs == NULL || name_in_list(plan->options.outputs, port->name));
}

/* Marks the nodes behind the wanted outputs; updates belong to a plan of all outputs. */
static void mark_needed(const cairn_plan *plan, const cairn_graph *graph, bool *needed)
{
    bool everything = plan->options.outputs == NULL;
    for (int i = 0; i < graph->port_count; i++)
        if (port_wanted(plan, &graph->ports[i]))
            needed[graph->values[graph->ports[i].value.id].node] = true;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        const cairn_node *node = &graph->nodes[i];
        if ((node->op->flags & CAIRN_OP_UPDATE) != 0 && everything)
            needed[i] = true;
        for (int k = 0; k < node->inputs && needed[i]; k++)
            needed[graph->values[node->in[k].id].node] = true;
    }
}

static cairn_status copy_port(cairn_plan *plan, const cairn_port *port)
{
    char *name = cairn_strdup(plan->ctx, port->name);
    if (name == NULL)
        return CAIRN_MEMORY;
    plan->ports[plan->port_count++] = (cairn_port){name, port->value, port->input};
    return CAIRN_OK;
}

/* The graph may go, so the plan keeps what it needs of names and numbers. */
static cairn_status copy_tables(cairn_plan *plan, const cairn_graph *graph, const bool *needed)
{
    cairn_ctx *ctx = plan->ctx;
    plan->values = cairn_alloc(ctx, (size_t)graph->value_count, sizeof *plan->values);
    plan->root = cairn_alloc(ctx, (size_t)graph->value_count, sizeof *plan->root);
    plan->buffer_of = cairn_alloc(ctx, (size_t)graph->value_count, sizeof *plan->buffer_of);
    plan->ports = cairn_alloc(ctx, (size_t)graph->port_count + 1, sizeof *plan->ports);
    plan->variables = cairn_alloc(ctx, (size_t)graph->variable_count + 1, sizeof *plan->variables);
    plan->constants = cairn_alloc(ctx, (size_t)graph->constant_count + 1, sizeof *plan->constants);
    if (plan->values == NULL || plan->root == NULL || plan->buffer_of == NULL || plan->ports == NULL ||
        plan->variables == NULL || plan->constants == NULL)
        return CAIRN_MEMORY;
    plan->value_count = graph->value_count;
    memcpy(plan->values, graph->values, (size_t)graph->value_count * sizeof *plan->values);
    for (uint32_t i = 0; i < (uint32_t)graph->value_count; i++) {
        plan->root[i] = i;
        plan->buffer_of[i] = -1;
    }
    for (int i = 0; i < graph->port_count; i++) {
        const cairn_port *port = &graph->ports[i];
        bool kept = port->input ? needed[graph->values[port->value.id].node] : port_wanted(plan, port);
        if (kept && copy_port(plan, port) != CAIRN_OK)
            return CAIRN_MEMORY;
    }
    for (int i = 0; i < graph->variable_count; i++) {
        plan->variables[i] = graph->variables[i];
        plan->variables[i].name = cairn_strdup(ctx, graph->variables[i].name);
        plan->variable_count++;
        if (plan->variables[i].name == NULL)
            return CAIRN_MEMORY;
    }
    for (int i = 0; i < graph->constant_count; i++) {
        const cairn_constant *constant = &graph->constants[i];
        size_t bytes =
            (size_t)cairn_shape_elements(&graph->values[constant->value.id].type.shape) * sizeof(double);
        plan->constants[i] = (cairn_constant){constant->value, cairn_resize(ctx, NULL, bytes, 1)};
        plan->constant_count++;
        if (plan->constants[i].data == NULL)
            return CAIRN_MEMORY;
        memcpy(plan->constants[i].data, constant->data, bytes);
    }
    return CAIRN_OK;
}

static cairn_status add_step_of(cairn_plan *plan, const cairn_node *node, bool backward)
{
    cairn_step step = {.op = node->op,
                       .inputs = node->inputs,
                       .outputs = node->outputs,
                       .packed = -1,
                       .backward = backward,
                       .update = (node->op->flags & CAIRN_OP_UPDATE) != 0,
                       .last = (node->op->flags & CAIRN_OP_LAST) != 0};
    memcpy(step.attrs, node->attrs, sizeof step.attrs);
    for (int k = 0; k < node->inputs; k++) {
        step.in_type[k] = node->in[k].id;
        step.in_value[k] = plan->root[node->in[k].id];
    }
    for (int k = 0; k < node->outputs; k++) {
        step.out_type[k] = node->out[k].id;
        if ((node->op->flags & CAIRN_OP_IN_PLACE) != 0)
            plan->root[node->out[k].id] = plan->root[node->in[node->op->in_place[k]].id];
        step.out_value[k] = plan->root[node->out[k].id];
    }
    return cairn_plan_add_step(plan, &step, node->name) < 0 ? CAIRN_MEMORY : CAIRN_OK;
}

static bool is_source(const cairn_op *op)
{
    return op == &cairn_op_input || op == &cairn_op_variable || op == &cairn_op_constant;
}

static cairn_status check_outputs(cairn_plan *plan, const cairn_graph *graph)
{
    for (const char *p = plan->options.outputs; p != NULL && *p != '\0';) {
        size_t span = strcspn(p, ",");
        bool found = false;
        for (int i = 0; i < graph->port_count; i++)
            found |= strlen(graph->ports[i].name) == span && memcmp(graph->ports[i].name, p, span) == 0;
        if (!found)
            return cairn_fail(plan->ctx, CAIRN_USAGE, "plan: the graph has no output '%.*s'", (int)span, p);
        p += span + (p[span] == ',');
    }
    return CAIRN_OK;
}

cairn_status cairn_plan_lower(cairn_plan *plan, const cairn_graph *graph)
{
    cairn_status status = check_outputs(plan, graph);
    if (status != CAIRN_OK)
        return status;
    bool *needed = cairn_alloc(plan->ctx, (size_t)graph->node_count + 1, sizeof *needed);
    if (needed == NULL)
        return CAIRN_MEMORY;
    mark_needed(plan, graph, needed);
    status = copy_tables(plan, graph, needed);
    for (int i = 0; i < graph->node_count && status == CAIRN_OK; i++) {
        const cairn_node *node = &graph->nodes[i];
        if (!needed[i] || is_source(node->op))
            continue;
        if ((node->op->flags & CAIRN_OP_VIEW) != 0)
            plan->root[node->out[0].id] = plan->root[node->in[0].id];
        else
            status = add_step_of(plan, node, graph->gradients > 0 && i >= graph->gradients);
    }
    cairn_free(plan->ctx, needed);
    return status;
}
