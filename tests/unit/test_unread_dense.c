/* Large matrices of dense layers, which are packed column by column as they are read: the bits of weights
 * that were loaded, in every type and number of threads, and no second copy in the plan's memory. */
#include "support.h"
#include <cairn/cairn.h>
#include <math.h>

#define INPUTS 1100 /* 4.8 MB in all, and a last panel that is not full */
#define OUTPUTS 1101
#define MATRIX "fc.weight"

static cairn_graph *make_graph(cairn_ctx *ctx)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_flatten(graph, cairn_image(graph, 1, 1, INPUTS));
    cairn_output(graph, cairn_linear(graph, x, "fc", OUTPUTS), "logits");
    return graph;
}

static void save_file(bench *b, const cairn_graph *graph, cairn_dtype dtype, float last)
{
    cairn_weights *weights;
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 3, &weights), CAIRN_OK);
    ((float *)cairn_weights_find(weights, MATRIX)->data)[INPUTS * OUTPUTS - 1] = last;
    assert_int_equal(cairn_weights_save_as(weights, bench_path(b, "w"), dtype), CAIRN_OK);
    cairn_weights_destroy(weights);
}

static cairn_weights *attach(bench *b, cairn_ctx *ctx, const cairn_graph *graph)
{
    cairn_weights *opened, *weights;
    assert_int_equal(cairn_weights_open(ctx, bench_path(b, "w"), &opened), CAIRN_OK);
    assert_int_equal(cairn_weights_attach(ctx, graph, NULL, opened, &weights), CAIRN_OK);
    cairn_weights_destroy(opened);
    assert_null(cairn_weights_find(weights, MATRIX)->data);
    return weights;
}

static cairn_plan_memory classify(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                                  cairn_plan_options options, float *logits)
{
    cairn_plan *plan;
    assert_int_equal(cairn_plan_create(ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    float *image = cairn_plan_data(plan, "image");
    for (int i = 0; i < INPUTS; i++)
        image[i] = (float)(i * 7919 % 1013) / 1013 - 0.5f;
    assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
    memcpy(logits, cairn_plan_data(plan, "logits"), OUTPUTS * sizeof *logits);
    cairn_plan_memory memory = cairn_plan_memory_of(plan);
    cairn_plan_destroy(plan);
    return memory;
}

static void the_bits_are_those_of_loaded_weights(void **state)
{
    bench *b = *state;
    static const cairn_dtype dtypes[] = {CAIRN_F32, CAIRN_F16, CAIRN_BF16};
    static const cairn_plan_options plans[] = {
        {.batch = 1}, {.precision = CAIRN_BF16}, {.reference = true}, {.keep_all = true}};
    static float expected[OUTPUTS], found[OUTPUTS];
    for (size_t t = 0; t < CAIRN_COUNT(dtypes); t++)
        for (int threads = 1; threads <= 5; threads += 2) {
            cairn_ctx *ctx;
            assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = threads}, &ctx), CAIRN_OK);
            cairn_graph *graph = make_graph(ctx);
            save_file(b, graph, dtypes[t], 0.25f);
            cairn_weights *loaded = attach(b, ctx, graph), *attached = attach(b, ctx, graph);
            assert_int_equal(cairn_weights_read(loaded), CAIRN_OK);
            for (size_t p = 0; p < CAIRN_COUNT(plans); p++) {
                classify(ctx, graph, loaded, plans[p], expected);
                classify(ctx, graph, attached, plans[p], found);
                assert_memory_equal(found, expected, sizeof found);
            }
            cairn_weights_destroy(attached);
            cairn_weights_destroy(loaded);
            cairn_graph_destroy(graph);
            cairn_ctx_destroy(ctx);
        }
}

static void there_is_no_second_copy(void **state)
{
    bench *b = *state;
    static float logits[OUTPUTS];
    cairn_graph *graph = make_graph(b->ctx);
    save_file(b, graph, CAIRN_F32, 0);
    cairn_weights *attached = attach(b, b->ctx, graph);
    cairn_plan_memory memory = classify(b->ctx, graph, attached, (cairn_plan_options){.batch = 1}, logits);
    if (memory.packed > 0) /* some level packs */
        assert_true(memory.arena < memory.packed + memory.weights / 4);
    cairn_weights_destroy(attached);
    cairn_graph_destroy(graph);
}

static void what_is_wrong_with_the_file_is_told(void **state)
{
    bench *b = *state;
    static float logits[OUTPUTS];
    cairn_plan *plan;
    cairn_graph *graph = make_graph(b->ctx);
    save_file(b, graph, CAIRN_F32, NAN);
    cairn_weights *attached = attach(b, b->ctx, graph);
    classify(b->ctx, graph, attached, (cairn_plan_options){.batch = 1}, logits);
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "/w: tensor '" MATRIX "' has 1 values"));
    assert_int_equal(cairn_plan_create(b->ctx, graph, attached, NULL, NULL, &plan), CAIRN_OK);
    assert_int_equal(cairn_file_truncate(b->ctx, bench_path(b, "w"), 3000000), CAIRN_OK);
    assert_fails(b, cairn_plan_prepare(plan), CAIRN_INPUT,
                 "'" MATRIX "' cannot be read: the file was changed");
    cairn_plan_destroy(plan);
    cairn_weights_destroy(attached);
    cairn_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_bits_are_those_of_loaded_weights),
        TEST(there_is_no_second_copy),
        TEST(what_is_wrong_with_the_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
