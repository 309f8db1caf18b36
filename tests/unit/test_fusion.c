/* What the plan moves into the steps before, which steps are left, where it leaves gaps between pixels, and
 * which results take their addends' place: that no gradient and no result changes by a bit. */
#include "plan/plan.h"
#include "support.h"
#include <cairn/cairn.h>

enum { BATCH = 3, SIDE = 10, CLASSES = 4 };

/* A chain with all that may stand behind a convolution on the way back: the gradient of a ReLU alone, behind
 * the sum of a block's branches, of a picture that a pool reads; and a tanh's, which has to stay. */
static cairn_graph *new_chain(cairn_ctx *ctx)
{
    cairn_graph *g;
    assert_int_equal(cairn_graph_create(ctx, &g), CAIRN_OK);
    cairn_val x = cairn_image(g, SIDE, SIDE, 3);
    x = cairn_relu(g, cairn_conv2d(g, x, "alone", 8, .k = 3, .pad = 1));
    cairn_val block = cairn_relu(g, cairn_conv2d(g, x, "before", 8, .k = 3));
    x = cairn_relu(g, cairn_conv2d(g, block, "inner", 8, .k = 3, .pad = 1));
    x = cairn_relu(g, cairn_add(g, cairn_conv2d(g, x, "branch", 8, .k = 1), block));
    x = cairn_tanh(g, cairn_conv2d(g, x, "bent", 8, .k = 3, .pad = 1));
    x = cairn_relu(g, cairn_conv2d(g, x, "pooled", 8, .k = 1));
    x = cairn_maxpool(g, x, .k = 2, .stride = 2);
    x = cairn_linear(g, x, "fc", CLASSES);
    cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
    cairn_differentiate(g, loss);
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    return g;
}

/* A convolution by groups between two others, of pixels of 512 bytes. */
static cairn_graph *new_groups(cairn_ctx *ctx)
{
    cairn_graph *g;
    assert_int_equal(cairn_graph_create(ctx, &g), CAIRN_OK);
    cairn_val x = cairn_image(g, SIDE, SIDE, 3);
    x = cairn_relu(g, cairn_conv2d(g, x, "before", 64, .k = 1));
    x = cairn_relu(g, cairn_conv2d(g, x, "groups", 64, .k = 3, .stride = 2, .pad = 1, .groups = 16));
    x = cairn_relu(g, cairn_conv2d(g, x, "behind", 8, .k = 1));
    x = cairn_linear(g, x, "fc", CLASSES);
    cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
    cairn_differentiate(g, loss);
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    return g;
}

/* Blocks with an addition each: an addend that nothing reads behind it, one that the convolution sees itself,
 * one that is read again, which is the last one's. */
static const bool ADDEND_ENDS[] = {true, false, false, true, true};

static cairn_graph *new_blocks(cairn_ctx *ctx)
{
    cairn_graph *g;
    assert_int_equal(cairn_graph_create(ctx, &g), CAIRN_OK);
    cairn_val x = cairn_relu(g, cairn_conv2d(g, cairn_image(g, SIDE, SIDE, 3), "stem", 8, .k = 3, .pad = 1));
    cairn_val inner = cairn_relu(g, cairn_conv2d(g, x, "first/1", 8, .k = 3, .pad = 1));
    x = cairn_relu(g, cairn_add(g, cairn_conv2d(g, inner, "first/2", 8, .k = 1), x));
    cairn_val again = cairn_relu(g, cairn_add(g, cairn_conv2d(g, x, "itself", 8, .k = 3, .pad = 1), x));
    inner = cairn_conv2d(g, again, "third/1", 8, .k = 1);
    x = cairn_add(g, cairn_conv2d(g, inner, "third/2", 8, .k = 3, .pad = 1), again);
    inner = cairn_conv2d(g, x, "fourth/1", 8, .k = 3, .pad = 1);
    x = cairn_relu(g, cairn_add(g, x, cairn_conv2d(g, inner, "fourth/2", 8, .k = 1)));
    x = cairn_add(g, cairn_conv2d(g, x, "last", 8, .k = 1), again);
    cairn_output(g, cairn_linear(g, x, "fc", CLASSES), "logits");
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    return g;
}

/* A block whose branch ends with a tanh: on the way back that alone reads the gradient which is added to what
 * the convolution gives. */
static cairn_graph *new_bent(cairn_ctx *ctx)
{
    cairn_graph *g;
    assert_int_equal(cairn_graph_create(ctx, &g), CAIRN_OK);
    cairn_val x = cairn_relu(g, cairn_conv2d(g, cairn_image(g, SIDE, SIDE, 3), "stem", 8, .k = 3));
    x = cairn_add(g, cairn_tanh(g, cairn_conv2d(g, x, "bent", 8, .k = 3, .pad = 1)), x);
    x = cairn_linear(g, cairn_maxpool(g, x, .k = 2, .stride = 2), "fc", CLASSES);
    cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
    cairn_differentiate(g, loss);
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    return g;
}

static int count_of(const cairn_plan *plan, const char *op)
{
    int count = 0;
    for (int i = 0; i < cairn_plan_step_count(plan); i++)
        count += strcmp(cairn_plan_step_at(plan, i).op, op) == 0;
    return count;
}

static void run(cairn_plan *plan)
{
    cairn_shape shape = cairn_plan_shape(plan, "image");
    double *image = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    uint64_t random = 3;
    for (int64_t i = 0; i < BATCH * cairn_shape_elements(&shape); i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        image[i] = (double)(random >> 40) * 0x1p-23 - 1;
    }
    for (int n = 0; n < BATCH && labels != NULL; n++)
        labels[n] = n % CLASSES;
    assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
}

/* A graph's plan as it is made, and one in which nothing moves. */
typedef struct pair {
    cairn_graph *graph;
    cairn_weights *weights;
    cairn_plan *usual, *kept;
} pair;

static pair open_pair(cairn_ctx *ctx, cairn_graph *graph, bool training)
{
    pair p = {.graph = graph};
    cairn_plan_options options = {
        .batch = BATCH, .precision = CAIRN_F64, .training = training, .reference = true};
    assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F64, 1, &p.weights), CAIRN_OK);
    assert_int_equal(cairn_plan_create(ctx, graph, p.weights, NULL, &options, &p.usual), CAIRN_OK);
    options.keep_all = true;
    assert_int_equal(cairn_plan_create(ctx, graph, p.weights, NULL, &options, &p.kept), CAIRN_OK);
    return p;
}

static void expect_same(const pair *p, const char *name, int64_t numbers)
{
    const void *made = cairn_plan_data(p->usual, name);
    assert_non_null(made);
    assert_memory_equal(made, cairn_plan_data(p->kept, name), (size_t)numbers * sizeof(double));
}

static void expect_same_gradients(const pair *p)
{
    run(p->usual);
    run(p->kept);
    for (int i = 0; i < cairn_param_count(p->graph); i++) {
        char name[64];
        cairn_param_info param = cairn_param_at(p->graph, i);
        snprintf(name, sizeof name, "%s/grad", param.name);
        expect_same(p, name, cairn_shape_elements(&param.shape));
    }
}

static void close_pair(pair *p)
{
    cairn_plan_destroy(p->kept);
    cairn_plan_destroy(p->usual);
    cairn_weights_destroy(p->weights);
    cairn_graph_destroy(p->graph);
}

static void gradients_of_relu_move_and_change_nothing(void **state)
{
    bench *b = *state;
    pair p = open_pair(b->ctx, new_chain(b->ctx), true);
    assert_int_equal(count_of(p.kept, "activation_bwd"), 6);
    assert_int_equal(count_of(p.usual, "activation_bwd"), 1); /* the tanh's */
    assert_int_equal(count_of(p.usual, "add"), 0);
    expect_same_gradients(&p);
    close_pair(&p);
}

/* Pixels of a step's output lie a line further apart than the channels need. */
static bool lies_apart(const cairn_plan *plan, const char *op, int64_t channels)
{
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_operand *out = &plan->steps[s].site.out[0];
        if (strcmp(plan->steps[s].op->name, op) == 0 && out->c == channels && out->pitch != out->c)
            return out->pitch == channels + 64 / (int64_t)sizeof(double);
    }
    return false;
}

static void gaps_between_pixels_of_groups_change_nothing(void **state)
{
    bench *b = *state;
    pair p = open_pair(b->ctx, new_groups(b->ctx), true);
    assert_true(lies_apart(p.usual, "conv2d", 64));
    assert_true(lies_apart(p.usual, "conv2d_bwd_data", 64));
    assert_false(lies_apart(p.usual, "conv2d", 8));
    assert_false(lies_apart(p.kept, "conv2d", 64));
    expect_same_gradients(&p);
    close_pair(&p);
}

/* For each step of the operator that has an addend: whether its result lies where `expected` says. */
static void expect_over_addends(const cairn_plan *plan, const char *op, const bool *expected, int number)
{
    int count = 0;
    for (int s = 0; s < plan->step_count; s++) {
        const cairn_step *step = &plan->steps[s];
        int addend = step->op->addend;
        size_t bytes;
        if (strcmp(step->op->name, op) != 0 || step->inputs <= addend || step->in[addend] < 0)
            continue;
        assert_true(count < number);
        bool over =
            cairn_outermost(plan, step->in[addend], &bytes) == cairn_outermost(plan, step->out[0], &bytes);
        assert_int_equal(over, expected[count++]);
    }
    assert_int_equal(count, number);
}

static void results_take_the_place_of_addends_that_end(void **state)
{
    bench *b = *state;
    pair p = open_pair(b->ctx, new_blocks(b->ctx), false);
    expect_over_addends(p.usual, "conv2d", ADDEND_ENDS, (int)CAIRN_COUNT(ADDEND_ENDS));
    run(p.usual);
    run(p.kept);
    expect_same(&p, "logits", (int64_t)BATCH * CLASSES);
    close_pair(&p);
}

static void gradients_take_the_place_of_addends_that_end(void **state)
{
    bench *b = *state;
    const bool over = true;
    pair p = open_pair(b->ctx, new_bent(b->ctx), true);
    expect_over_addends(p.usual, "conv2d_bwd_data", &over, 1);
    expect_same_gradients(&p);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gradients_of_relu_move_and_change_nothing), TEST(gaps_between_pixels_of_groups_change_nothing),
        TEST(results_take_the_place_of_addends_that_end), TEST(gradients_take_the_place_of_addends_that_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
