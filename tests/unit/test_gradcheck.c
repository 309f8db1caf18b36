/* Gradient rules against numerical differentiation in double, for every operator that has one, over random
 * awkward shapes. The nodes that a rule adds are run one after another by reference kernels. Tolerances are
 * those of PyTorch's gradcheck. */
#include "op_cases.h"
#include "support.h"
#include <math.h>

#define SHAPES 60
#define PROBES 24 /* elements of an input that are tried */
#define EPSILON 1e-6
#define ABSOLUTE 1e-5
#define RELATIVE 1e-3

/* How many of an operator's leading inputs have gradients; for those that are not listed 1. */
static int differentiable(const cairn_op *op, int inputs)
{
    bool all = op == &cairn_op_conv2d || op == &cairn_op_linear || op == &cairn_op_scale_bias ||
               op == &cairn_op_add || op == &cairn_op_multiply || op == &cairn_op_concat;
    return all ? inputs : 1;
}

typedef struct problem {
    cairn_graph *graph;
    cairn_val in[CAIRN_MAX_OPERANDS], dy, y, d_in[CAIRN_MAX_OPERANDS];
    int inputs, nodes_forward;
    op_tensor *values; /* by id */
    cairn_run_values run;
} problem;

static void set_value(problem *p, cairn_val value, const op_tensor *from)
{
    op_tensor_free(&p->values[value.id]);
    p->values[value.id] = op_tensor_new(from->type.shape, from->type.element, p->run.n);
    memcpy(p->values[value.id].data, from->data, (size_t)op_tensor_count(from) * sizeof *from->data);
}

static void run_node(problem *p, const cairn_node *node)
{
    if (node->inputs == 0)
        return;
    op_call call = {.op = node->op, .inputs = node->inputs, .run = p->run};
    memcpy(call.attrs, node->attrs, sizeof call.attrs);
    for (int i = 0; i < node->inputs; i++)
        call.in[i] = p->values[node->in[i].id];
    for (int o = 0; o < node->outputs; o++) {
        const cairn_value_type *type = &p->graph->values[node->out[o].id].type;
        op_tensor_free(&p->values[node->out[o].id]);
        call.out[o] = p->values[node->out[o].id] = op_tensor_new(type->shape, type->element, p->run.n);
    }
    if ((node->op->flags & CAIRN_OP_VIEW) != 0)
        memcpy(call.out[0].data, call.in[0].data, (size_t)op_tensor_count(&call.in[0]) * sizeof(double));
    else
        assert_int_equal(op_call_run(&call, op_reference(node->op, CAIRN_F64), CAIRN_F64), OP_RAN);
}

static void run_nodes(problem *p, int count)
{
    for (int i = 0; i < count; i++)
        run_node(p, &p->graph->nodes[i]);
}

/* sum of dy * y, the function whose gradient is checked. */
static double objective(problem *p)
{
    run_nodes(p, p->nodes_forward);
    const op_tensor *y = &p->values[p->y.id], *dy = &p->values[p->dy.id];
    double sum = 0.0;
    for (int64_t i = 0; i < op_tensor_count(y); i++)
        sum += y->data[i] * dy->data[i];
    return sum;
}

/* Inputs, the node, and the nodes of its gradient rule. Returns how many nodes the rule added. */
static int build(problem *p, cairn_ctx *ctx, const op_call *call, int wanted)
{
    assert_int_equal(cairn_graph_create(ctx, &p->graph), CAIRN_OK);
    p->run = call->run;
    p->inputs = call->inputs;
    cairn_grad grad = {.graph = p->graph, .name = "node", .inputs = call->inputs, .outputs = 1};
    for (int i = 0; i < call->inputs; i++) {
        char name[16];
        snprintf(name, sizeof name, "in%d", i);
        grad.in[i] = p->in[i] =
            cairn_add_input(p->graph, name, &call->in[i].type.shape, call->in[i].type.element);
        grad.wanted[i] = i < wanted;
    }
    p->dy = grad.d_out[0] = cairn_add_input(p->graph, "dy", &call->out[0].type.shape, CAIRN_REAL);
    p->y = grad.out[0] = cairn_add_node(p->graph, call->op, "node", call->attrs, call->inputs, grad.in, NULL);
    assert_int_equal(cairn_graph_status(p->graph), CAIRN_OK);
    char attrs[CAIRN_ATTR_BYTES];
    memcpy(attrs, p->graph->nodes[p->graph->node_count - 1].attrs, sizeof attrs);
    grad.attrs = attrs;
    p->nodes_forward = p->graph->node_count;
    call->op->grad(&grad);
    assert_int_equal(cairn_graph_status(p->graph), CAIRN_OK);
    memcpy(p->d_in, grad.d_in, sizeof p->d_in);
    p->values = calloc((size_t)p->graph->value_count, sizeof *p->values);
    assert_non_null(p->values);
    return p->graph->node_count - p->nodes_forward;
}

static void destroy(problem *p)
{
    for (int i = 0; i < p->graph->value_count; i++)
        op_tensor_free(&p->values[i]);
    free(p->values);
    cairn_graph_destroy(p->graph);
}

static void check_input(problem *p, const op_call *call, int input, op_random *random, int index)
{
    op_tensor *x = &p->values[p->in[input].id];
    int64_t count = op_tensor_count(x);
    op_tensor *dx = &p->values[p->d_in[input].id];
    assert_int_equal(op_tensor_count(dx), count);
    double *analytic = malloc((size_t)count * sizeof *analytic);
    assert_non_null(analytic);
    memcpy(analytic, dx->data, (size_t)count * sizeof *analytic);
    for (int64_t k = 0; k < cairn_min(count, PROBES); k++) {
        int64_t i = count <= PROBES ? k : op_random_range(random, 0, count - 1);
        double kept = x->data[i];
        x->data[i] = kept + EPSILON;
        double above = objective(p);
        x->data[i] = kept - EPSILON;
        double numeric = (above - objective(p)) / (2.0 * EPSILON);
        x->data[i] = kept;
        if (!(fabs(numeric - analytic[i]) <= ABSOLUTE + RELATIVE * fabs(numeric)))
            fail_msg("%s, case %d, input %d, element %lld: expected %.9g, found %.9g", call->op->name, index,
                     input, (long long)i, numeric, analytic[i]);
    }
    free(analytic);
}

static void check_case(const op_call *call, cairn_ctx *ctx, op_random *random, int index)
{
    problem p = {0};
    int wanted = differentiable(call->op, call->inputs);
    build(&p, ctx, call, wanted);
    for (int i = 0; i < call->inputs; i++)
        set_value(&p, p.in[i], &call->in[i]);
    op_tensor dy = op_tensor_new(call->out[0].type.shape, CAIRN_REAL, call->run.n);
    op_tensor_fill(&dy, random);
    set_value(&p, p.dy, &dy);
    op_tensor_free(&dy);
    run_nodes(&p, p.graph->node_count);
    for (int i = 0; i < wanted; i++) {
        if (p.d_in[i].id == 0)
            fail_msg("%s gives no gradient to input %d", call->op->name, i);
        check_input(&p, call, i, random, index);
    }
    destroy(&p);
}

/* Views have no cases: they need no kernels. */
static void make_view(const cairn_op *op, op_random *random, cairn_ctx *ctx, op_call *call)
{
    cairn_shape shape = {
        .rank = 3, .dim = {op_random_range(random, 1, 5), op_random_range(random, 1, 5), 3}, .batched = true};
    *call = (op_call){.op = op, .inputs = 1, .run = {.n = 2}};
    call->in[0] = op_tensor_new(shape, CAIRN_REAL, 2);
    op_tensor_fill(&call->in[0], random);
    if (op == &cairn_op_reshape) {
        cairn_reshape_attrs attrs = {{.rank = 2, .dim = {3, shape.dim[0] * shape.dim[1]}, .batched = true}};
        memcpy(call->attrs, &attrs, sizeof attrs);
    }
    assert_int_equal(op_call_infer(call, ctx), CAIRN_OK);
}

static void make_call(const cairn_op *op, int index, cairn_ctx *ctx, op_random *random, op_call *call)
{
    if ((op->flags & CAIRN_OP_VIEW) != 0)
        make_view(op, random, ctx, call);
    else
        assert_true(op_case_make(op, index, true, ctx, random, call));
}

static void gradients_equal_differences(void **state)
{
    bench *b = *state;
    for (int i = 0; cairn_all_ops[i] != NULL; i++) {
        if (cairn_all_ops[i] ==
            &cairn_op_batchnorm_train) /* its rule holds the gradient of two nodes before */
            continue;
        op_random random = {(uint64_t)i * 104729};
        for (int index = 0; cairn_all_ops[i]->grad != NULL && index < SHAPES; index++) {
            op_call call;
            make_call(cairn_all_ops[i], index, b->ctx, &random, &call);
            check_case(&call, b->ctx, &random, index);
            op_call_free(&call);
        }
    }
}

static void unwanted_gradients_cost_nothing(void **state)
{
    bench *b = *state;
    for (int i = 0; cairn_all_ops[i] != NULL; i++) {
        const cairn_op *op = cairn_all_ops[i];
        if (op->grad == NULL || differentiable(op, 2) == 1 || op == &cairn_op_add ||
            op == &cairn_op_batchnorm_train)
            continue;
        op_random random = {(uint64_t)i};
        op_call call;
        problem p = {0};
        make_call(op, 0, b->ctx, &random, &call);
        assert_int_equal(build(&p, b->ctx, &call, 0), 0);
        destroy(&p);
        assert_int_equal(build(&p, b->ctx, &call, 1), 1);
        destroy(&p);
        op_call_free(&call);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(gradients_equal_differences),
                                       TEST(unwanted_gradients_cost_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
