/* Weights that stay in their file until they are needed: the same bits as of weights that were loaded, errors
 * instead of faults when the file changes in between, and nothing that passes for numbers before. */
#include "support.h"
#include <cairn/cairn.h>
#include <math.h>

#define PIXELS (32 * 32 * 3)
#define CLASSES 10
#define BIG "layer3.2.conv2.weight" /* large enough to be left in the file */

static cairn_graph *make_graph(bench *b)
{
    cairn_graph *graph;
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("resnet20"), NULL, CAIRN_INPUT_NUMBERS, 0,
                                       NULL, NULL, NULL, &graph),
                     CAIRN_OK);
    return graph;
}

/* Random weights of resnet20; not finite: one number of a large and two of a small tensor. */
static void save_file(bench *b, const cairn_graph *graph, cairn_dtype dtype, bool finite)
{
    cairn_weights *weights;
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 3, &weights), CAIRN_OK);
    if (!finite) {
        ((float *)cairn_weights_find(weights, BIG)->data)[77] = NAN;
        ((float *)cairn_weights_find(weights, "linear.bias")->data)[0] = INFINITY;
        ((float *)cairn_weights_find(weights, "linear.bias")->data)[1] = INFINITY;
    }
    assert_int_equal(cairn_weights_save_as(weights, bench_path(b, "w"), dtype), CAIRN_OK);
    cairn_weights_destroy(weights);
}

static cairn_weights *attach(bench *b, const cairn_graph *graph)
{
    cairn_weights *opened, *weights;
    assert_int_equal(cairn_weights_open(b->ctx, bench_path(b, "w"), &opened), CAIRN_OK);
    assert_int_equal(cairn_weights_attach(b->ctx, graph, NULL, opened, &weights), CAIRN_OK);
    cairn_weights_destroy(opened);
    return weights;
}

static cairn_weights *load(bench *b, const cairn_graph *graph)
{
    cairn_weights *loaded, *weights;
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "w"), &loaded), CAIRN_OK);
    assert_int_equal(cairn_weights_bind(b->ctx, graph, loaded, CAIRN_F32, &weights), CAIRN_OK);
    cairn_weights_destroy(loaded);
    return weights;
}

static cairn_plan *plan_of(bench *b, const cairn_graph *graph, cairn_weights *weights,
                           const cairn_plan *share)
{
    cairn_plan *plan;
    cairn_plan_options options = {.share = share};
    assert_int_equal(cairn_plan_create(b->ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    return plan;
}

static void classify(cairn_plan *plan, float logits[CLASSES])
{
    float *image = cairn_plan_data(plan, "image");
    for (int i = 0; i < PIXELS; i++)
        image[i] = (float)(i * 7919 % 1013) / 1013 - 0.5f;
    assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
    memcpy(logits, cairn_plan_data(plan, "logits"), CLASSES * sizeof *logits);
}

static void assert_same(const cairn_weights *a, const cairn_weights *b)
{
    assert_int_equal(cairn_weights_count(a), cairn_weights_count(b));
    for (int i = 0; i < cairn_weights_count(a); i++) {
        const cairn_tensor *x = cairn_weights_at(a, i), *y = cairn_weights_at(b, i);
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->layout, y->layout);
        assert_memory_equal(x->data, y->data, (size_t)cairn_shape_elements(&x->shape) * sizeof(float));
    }
}

static void the_bits_are_those_of_loaded_weights(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    const cairn_dtype dtypes[] = {CAIRN_F32, CAIRN_F16, CAIRN_BF16};
    for (size_t t = 0; t < CAIRN_COUNT(dtypes); t++) {
        float expected[CLASSES], found[CLASSES];
        cairn_weights *opened, *bound;
        save_file(b, graph, dtypes[t], true);
        cairn_weights *loaded = load(b, graph), *attached = attach(b, graph);
        assert_null(cairn_weights_find(attached, BIG)->data);
        cairn_plan *first = plan_of(b, graph, loaded, NULL), *plan = plan_of(b, graph, attached, NULL);
        assert_int_equal(cairn_plan_memory_of(plan).weights, cairn_plan_memory_of(first).weights);
        classify(first, expected);
        classify(plan, found);
        assert_memory_equal(found, expected, sizeof found);
        cairn_plan_refresh(plan); /* reads them again */
        classify(plan, found);
        assert_memory_equal(found, expected, sizeof found);
        cairn_weights_destroy(attached);
        classify(plan, found);
        assert_memory_equal(found, expected, sizeof found);
        attached = attach(b, graph);
        assert_int_equal(cairn_weights_read(attached), CAIRN_OK);
        assert_same(attached, loaded);
        assert_int_equal(cairn_weights_open(b->ctx, bench_path(b, "w"), &opened), CAIRN_OK);
        assert_int_equal(cairn_weights_bind(b->ctx, graph, opened, CAIRN_F32, &bound), CAIRN_OK);
        assert_same(bound, loaded);
        cairn_weights *const containers[] = {opened, bound, attached, loaded};
        cairn_plan_destroy(plan);
        cairn_plan_destroy(first);
        for (size_t i = 0; i < CAIRN_COUNT(containers); i++)
            cairn_weights_destroy(containers[i]);
    }
    cairn_graph_destroy(graph);
}

static void plans_share_what_was_read(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    float expected[CLASSES], found[CLASSES];
    save_file(b, graph, CAIRN_F32, true);
    cairn_weights *weights = attach(b, graph);
    cairn_plan *first = plan_of(b, graph, weights, NULL), *reference;
    classify(first, expected);
    cairn_weights_destroy(weights);
    cairn_plan *second = plan_of(b, graph, NULL, first);
    classify(second, found);
    assert_memory_equal(found, expected, sizeof found);
    /* other kernels want other forms, and the weights that these could be made of are gone */
    cairn_plan_options options = {.share = first, .reference = true};
    assert_fails(b, cairn_plan_create(b->ctx, graph, NULL, NULL, &options, &reference), CAIRN_USAGE,
                 "needs a container");
    cairn_plan_destroy(second);
    cairn_plan_destroy(first);
    cairn_graph_destroy(graph);
}

static void nothing_passes_for_numbers_before(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    cairn_weights *opened;
    cairn_plan *plan;
    float values[64 * 64 * 9];
    save_file(b, graph, CAIRN_F32, true);
    assert_int_equal(cairn_weights_open(b->ctx, bench_path(b, "w"), &opened), CAIRN_OK);
    assert_fails(b, cairn_tensor_get(cairn_weights_find(opened, BIG), CAIRN_F32, values), CAIRN_USAGE,
                 "cairn_weights_read");
    assert_fails(b, cairn_tensor_set(cairn_weights_find(opened, BIG), CAIRN_F32, values), CAIRN_USAGE,
                 "cairn_weights_read");
    assert_fails(b, cairn_weights_save(opened, bench_path(b, "copy")), CAIRN_USAGE, "cairn_weights_read");
    cairn_weights *attached = attach(b, graph);
    cairn_plan_options options = {.training = true};
    assert_fails(b, cairn_plan_create(b->ctx, graph, attached, NULL, &options, &plan), CAIRN_USAGE,
                 "still in its file");
    assert_int_equal(cairn_weights_read(opened), CAIRN_OK);
    assert_int_equal(cairn_weights_save(opened, bench_path(b, "copy")), CAIRN_OK);
    cairn_weights_destroy(attached);
    cairn_weights_destroy(opened);
    cairn_graph_destroy(graph);
}

static void small_tensors_are_read_at_once(void **state)
{
    bench *b = *state;
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_conv2d(graph, cairn_image(graph, 4, 4, 2), "conv", 4, .k_h = 3, .k_w = 2);
    cairn_output(graph, cairn_linear(graph, x, "fc", 5), "logits");
    save_file(b, graph, CAIRN_F32, true);
    cairn_weights *attached = attach(b, graph), *loaded = load(b, graph);
    assert_same(attached, loaded);
    assert_int_equal(cairn_weights_save(attached, bench_path(b, "copy")), CAIRN_OK); /* as any other */
    cairn_weights_destroy(attached);
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
}

static void a_file_cut_short_in_between_is_an_error(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    cairn_weights *opened, *bound;
    save_file(b, graph, CAIRN_F32, true);
    assert_int_equal(cairn_weights_open(b->ctx, bench_path(b, "w"), &opened), CAIRN_OK);
    cairn_weights *attached = attach(b, graph);
    cairn_plan *plan = plan_of(b, graph, attached, NULL);
    assert_int_equal(cairn_file_truncate(b->ctx, bench_path(b, "w"), 20000), CAIRN_OK);
    assert_fails(b, cairn_weights_bind(b->ctx, graph, opened, CAIRN_F32, &bound), CAIRN_INPUT, "ends at");
    assert_null(bound);
    assert_fails(b, cairn_weights_attach(b->ctx, graph, NULL, opened, &bound), CAIRN_INPUT, "ends at");
    assert_null(bound);
    for (int again = 0; again < 2; again++)
        assert_fails(b, cairn_plan_prepare(plan), CAIRN_INPUT, "was changed after it was opened");
    assert_fails(b, cairn_plan_run(plan, NULL), CAIRN_INPUT, "was changed after it was opened");
    assert_fails(b, cairn_weights_read(attached), CAIRN_INPUT, "ends at");
    assert_null(cairn_weights_find(attached, BIG)->data);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(attached);
    cairn_weights_destroy(opened);
    cairn_graph_destroy(graph);
}

static void numbers_that_are_not_finite_are_told_once(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    save_file(b, graph, CAIRN_F32, false);
    cairn_weights *weights = attach(b, graph);
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "'linear.bias' has 2 values"));
    cairn_plan *plan = plan_of(b, graph, weights, NULL);
    assert_int_equal(cairn_plan_prepare(plan), CAIRN_OK);
    assert_int_equal(b->warnings, 2);
    assert_non_null(strstr(b->last_warning, "/w: tensor '" BIG "' has 1 values"));
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_bits_are_those_of_loaded_weights),      TEST(plans_share_what_was_read),
        TEST(nothing_passes_for_numbers_before),         TEST(a_file_cut_short_in_between_is_an_error),
        TEST(numbers_that_are_not_finite_are_told_once), TEST(small_tensors_are_read_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
