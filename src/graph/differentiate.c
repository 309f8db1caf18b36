/* Loss and gradients: nodes added to the same graph. */
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

#define NONE ((cairn_val){0})

cairn_val cairn_cross_entropy(cairn_graph *graph, cairn_val logits, cairn_val targets,
                              cairn_loss_options options)
{
    if (!(options.smoothing >= 0 && options.smoothing < 1))
        cairn_graph_fail(graph, CAIRN_USAGE, "label smoothing: expected 0 to below 1, found %g",
                         (double)options.smoothing);
    graph->in_training = true;
    cairn_cross_entropy_attrs attrs = {
        .smoothing = options.smoothing, .rubbish = options.rubbish, .rubbish_margin = options.rubbish_margin};
    cairn_val in[3] = {logits, targets};
    int inputs = 2;
    if (options.weighted)
        in[inputs++] = cairn_sample_weights(graph);
    cairn_val losses =
        cairn_add_node(graph, &cairn_op_cross_entropy, "cross_entropy", &attrs, inputs, in, NULL);
    graph->in_training = false;
    return losses;
}

void cairn_auxiliary_head(cairn_graph *graph, cairn_val logits, const char *name, double weight)
{
    char output[CAIRN_NAME_BYTES];
    if (!cairn_graph_ok(graph))
        return;
    if (graph->head_count == CAIRN_MAX_HEADS ||
        snprintf(output, sizeof output, "%s_logits", name) >= (int)sizeof output) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: expected up to %d auxiliary heads with short names",
                         name, CAIRN_MAX_HEADS);
        return;
    }
    cairn_output(graph, logits, output);
    graph->heads[graph->head_count++] = (cairn_head){logits, weight};
}

void cairn_auxiliary_weight(cairn_graph *graph, double weight)
{
    for (int i = 0; i < graph->head_count; i++)
        graph->heads[i].weight = weight;
}

cairn_val cairn_auxiliary_losses(cairn_graph *graph, cairn_val losses, cairn_val targets,
                                 cairn_loss_options options)
{
    for (int i = 0; i < graph->head_count; i++) {
        cairn_val head = cairn_cross_entropy(graph, graph->heads[i].logits, targets, options);
        losses = cairn_loss_sum(graph, losses, head, graph->heads[i].weight);
    }
    return losses;
}

cairn_val cairn_mean(cairn_graph *graph, cairn_val per_image)
{
    graph->in_training = true;
    cairn_val mean = cairn_add_node(graph, &cairn_op_mean, "mean", NULL, 1, &per_image, NULL);
    graph->in_training = false;
    return mean;
}

/* ---- gradients ---- */

/* What has arrived at a value so far. */
typedef struct arrival {
    cairn_val sum;
    cairn_activation_kind act; /* all of it came through this, as the gradient d_act of what that gave */
    cairn_val d_act;
} arrival;

typedef struct tape {
    arrival *arrived; /* by value id */
    bool *wanted;     /* by value id: does a trainable parameter lie behind it? */
} tape;

static void mark_wanted(const cairn_graph *graph, int nodes, bool *wanted)
{
    for (int i = 0; i < graph->variable_count; i++) {
        const cairn_variable *variable = &graph->variables[i];
        wanted[variable->value.id] = variable->role == CAIRN_ROLE_PARAMETER && variable->lr_factor > 0;
    }
    for (int i = 0; i < nodes; i++) {
        const cairn_node *node = &graph->nodes[i];
        bool any = false;
        for (int k = 0; k < node->inputs; k++)
            any |= wanted[node->in[k].id];
        for (int k = 0; k < node->outputs && node->op->grad != NULL; k++)
            wanted[node->out[k].id] |= any;
    }
}

/* Adds what arrives at a value from a node: the sum over all its uses. */
static void arrive(cairn_graph *graph, const cairn_grad *from, const cairn_op *op, arrival *to,
                   cairn_val gradient)
{
    cairn_val both[2] = {to->sum, gradient};
    bool first = to->sum.id == 0;
    to->sum = first ? gradient : cairn_add_node(graph, &cairn_op_add, "sum_grad", NULL, 2, both, NULL);
    to->act = first && op->activation != NULL ? op->activation(from->attrs) : CAIRN_ACT_NONE;
    to->d_act = from->d_out[0];
}

static void through_node(cairn_graph *graph, int index, tape *t)
{
    cairn_node node = graph->nodes[index]; /* a copy: the array moves as nodes are added */
    cairn_grad grad = {.graph = graph,
                       .name = node.name,
                       .attrs = node.attrs,
                       .inputs = node.inputs,
                       .outputs = node.outputs};
    bool arrived = false, any = false;
    for (int k = 0; k < node.outputs; k++) {
        grad.out[k] = node.out[k];
        grad.d_out[k] = t->arrived[node.out[k].id].sum;
        grad.act[k] = t->arrived[node.out[k].id].act;
        grad.d_act[k] = t->arrived[node.out[k].id].d_act;
        arrived |= grad.d_out[k].id != 0;
    }
    for (int k = 0; k < node.inputs; k++) {
        grad.in[k] = node.in[k];
        grad.wanted[k] = t->wanted[node.in[k].id];
        any |= grad.wanted[k];
    }
    if (!arrived || !any || node.op->grad == NULL)
        return;
    node.op->grad(&grad);
    for (int k = 0; k < node.inputs; k++)
        if (grad.wanted[k] && grad.d_in[k].id != 0)
            arrive(graph, &grad, node.op, &t->arrived[node.in[k].id], grad.d_in[k]);
}

static void walk_back(cairn_graph *graph, cairn_val loss, tape *t)
{
    int nodes = graph->node_count, variables = graph->variable_count;
    double one = 1.0;
    graph->gradients = nodes;
    cairn_shape scalar = {.rank = 0};
    mark_wanted(graph, nodes, t->wanted);
    t->arrived[loss.id].sum = cairn_add_constant(graph, "one", &scalar, &one);
    for (int i = nodes - 1; i >= 0 && cairn_graph_ok(graph); i--)
        through_node(graph, i, t);
    for (int i = 0; i < variables && cairn_graph_ok(graph); i++) {
        char name[CAIRN_NAME_BYTES];
        cairn_val gradient = t->arrived[graph->variables[i].value.id].sum;
        if (!t->wanted[graph->variables[i].value.id] || gradient.id == 0)
            continue;
        snprintf(name, sizeof name, "%.249s/grad", graph->variables[i].name);
        cairn_output(graph, gradient, name);
    }
}

void cairn_differentiate(cairn_graph *graph, cairn_val loss)
{
    if (!cairn_graph_ok(graph))
        return;
    if (loss.id == 0 || cairn_shape_of(graph, loss).rank != 0 || cairn_shape_of(graph, loss).batched) {
        cairn_graph_fail(graph, CAIRN_USAGE, "differentiate: expected a loss that is one number");
        return;
    }
    size_t values = (size_t)graph->value_count;
    tape t = {cairn_alloc(graph->ctx, values, sizeof *t.arrived),
              cairn_alloc(graph->ctx, values, sizeof *t.wanted)};
    graph->in_training = true;
    if (t.arrived == NULL || t.wanted == NULL)
        graph->status = CAIRN_MEMORY;
    else
        walk_back(graph, loss, &t);
    graph->in_training = false;
    cairn_free(graph->ctx, t.arrived);
    cairn_free(graph->ctx, t.wanted);
}
