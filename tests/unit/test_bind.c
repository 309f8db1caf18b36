/* Weights and graphs: row S16 of malformed input, layouts and types on the way in, and what is said about the
 * rest. */
#include "support.h"

#include <cairn/graph.h>
#include <cairn/models.h>
#include <cairn/weights.h>
#include <time.h>

/* A convolution (4 maps of 3 x 2 over 2) and a dense layer (4 * 2 * 3 to 5), with biases. */
static cairn_graph *make_graph(bench *b)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 4, 4, 2);
    x = cairn_conv2d(graph, x, "conv", 4, .k_h = 3, .k_w = 2);
    x = cairn_linear(graph, x, "fc", 5);
    cairn_output(graph, x, "logits");
    assert_int_equal(cairn_graph_status(graph), CAIRN_OK);
    return graph;
}

static void add(cairn_weights *weights, const char *name, cairn_dtype dtype, int rank, const int64_t *dim)
{
    cairn_shape shape = {.rank = rank};
    size_t count = 1;
    double values[256];
    const cairn_tensor *tensor;
    for (int i = 0; i < rank; i++) {
        shape.dim[i] = dim[i];
        count *= (size_t)dim[i];
    }
    for (size_t i = 0; i < count; i++)
        values[i] = (double)i;
    assert_int_equal(cairn_weights_add(weights, name, dtype, CAIRN_LAYOUT_PLAIN, &shape, &tensor), CAIRN_OK);
    if (dtype != CAIRN_I64)
        assert_int_equal(cairn_tensor_set(tensor, CAIRN_F64, values), CAIRN_OK);
}

static const int64_t conv_shape[] = {4, 2, 3, 2}, conv_bias[] = {4}, fc_shape[] = {5, 24}, fc_bias[] = {5};

/* As a file would give them, but without the last `missing` and with a type of one's choice for the first. */
static cairn_weights *make_loaded(bench *b, cairn_dtype first, int missing)
{
    cairn_weights *weights;
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    add(weights, "conv.weight", first, 4, conv_shape);
    add(weights, "conv.bias", CAIRN_F64, 1, conv_bias);
    add(weights, "fc.weight", CAIRN_BF16, 2, fc_shape);
    if (missing == 0)
        add(weights, "fc.bias", CAIRN_F16, 1, fc_bias);
    assert_int_equal(cairn_weights_set_meta(weights, "k", "v"), CAIRN_OK);
    return weights;
}

static void gives_the_layouts_of_memory(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    cairn_weights *loaded = make_loaded(b, CAIRN_F32, 0), *bound;
    const cairn_dtype dtypes[] = {CAIRN_F32, CAIRN_F64};
    for (int t = 0; t < 2; t++) {
        assert_int_equal(cairn_weights_bind(b->ctx, graph, loaded, dtypes[t], &bound), CAIRN_OK);
        assert_int_equal(cairn_weights_count(bound), 4);
        assert_int_equal(cairn_weights_check(bound, graph), CAIRN_OK);
        const cairn_tensor *conv = cairn_weights_find(bound, "conv.weight"),
                           *fc = cairn_weights_find(bound, "fc.weight");
        assert_int_equal(conv->dtype, dtypes[t]);
        assert_int_equal(conv->shape.dim[0], 3);
        assert_int_equal(conv->shape.dim[3], 4);
        /* (y, x, i, o) = (2, 1, 1, 3) lies last in both orders; (0, 1, 0, 2) does not */
        size_t memory = ((0 * 2 + 1) * 2 + 0) * 4 + 2, file = ((2 * 2 + 0) * 3 + 0) * 2 + 1;
        double value =
            dtypes[t] == CAIRN_F32 ? (double)((float *)conv->data)[memory] : ((double *)conv->data)[memory];
        assert_true(value == (double)file);
        value =
            dtypes[t] == CAIRN_F32 ? (double)((float *)fc->data)[7 * 5 + 3] : ((double *)fc->data)[7 * 5 + 3];
        assert_true(value == 3 * 24 + 7);
        assert_string_equal(cairn_weights_meta(bound, "k"), "v");
        /* what is bound can be bound again, and saved and loaded */
        cairn_weights *again;
        assert_int_equal(cairn_weights_bind(b->ctx, graph, bound, dtypes[t], &again), CAIRN_OK);
        assert_memory_equal(cairn_weights_find(again, "conv.weight")->data, conv->data,
                            48 * cairn_dtype_size(dtypes[t]));
        cairn_weights_destroy(again);
        cairn_weights_destroy(bound);
    }
    assert_int_equal(b->warnings, 0);
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
}

static void S16_missing_and_misshapen(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    cairn_weights *bound, *missing = make_loaded(b, CAIRN_F32, 1), *misshapen,
                          *integers = make_loaded(b, CAIRN_I64, 0);
    assert_fails(b, cairn_weights_bind(b->ctx, graph, missing, CAIRN_F32, &bound), CAIRN_INPUT,
                 "tensor 'fc.bias' is missing (expected shape [5])");
    assert_null(bound);
    assert_fails(b, cairn_weights_bind(b->ctx, graph, integers, CAIRN_F32, &bound), CAIRN_INPUT,
                 "'conv.weight' holds integers");
    assert_int_equal(cairn_weights_create(b->ctx, &misshapen), CAIRN_OK);
    const int64_t wrong[] = {4, 2, 2, 3};
    add(misshapen, "conv.weight", CAIRN_F32, 4, wrong);
    assert_fails(b, cairn_weights_bind(b->ctx, graph, misshapen, CAIRN_F32, &bound), CAIRN_INPUT,
                 "'conv.weight' has the wrong shape (expected [4,2,3,2], found [4,2,2,3])");
    assert_fails(b, cairn_weights_check(misshapen, graph), CAIRN_INPUT, "wrong shape");
    assert_fails(b, cairn_weights_bind(b->ctx, graph, missing, CAIRN_F16, &bound), CAIRN_USAGE,
                 "expected type F32 or F64");
    cairn_weights_destroy(missing);
    cairn_weights_destroy(misshapen);
    cairn_weights_destroy(integers);
    cairn_graph_destroy(graph);
}

static void S16_extra_is_a_warning(void **state)
{
    bench *b = *state;
    cairn_graph *graph = make_graph(b);
    cairn_weights *bound, *loaded = make_loaded(b, CAIRN_F32, 0);
    add(loaded, "bn.num_batches_tracked", CAIRN_I64, 0, NULL);
    add(loaded, "head.weight", CAIRN_F32, 1, fc_bias);
    assert_int_equal(cairn_weights_bind(b->ctx, graph, loaded, CAIRN_F32, &bound), CAIRN_OK);
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "'head.weight' is not used"));
    cairn_weights_destroy(bound);
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
}

/* A square dense layer has the same shape in a file and in memory: only the layout tells. */
/* A small file may have a great many tensors. Naming them, and comparing them with every network of the zoo,
 * takes no time that grows with the square of their number; warnings name a few. */
static void many_tensors_take_no_long_time(void **state)
{
    bench *b = *state;
    const int many = 16000;
    static const int64_t none[] = {0};
    cairn_graph *graph = make_graph(b);
    cairn_weights *loaded = make_loaded(b, CAIRN_F32, 1), *bound;
    for (int i = 0; i < many; i++) {
        char name[64];
        snprintf(name, sizeof name, "batch_normalization_%d/gamma", i);
        add(loaded, name, CAIRN_F32, 1, none);
    }
    clock_t begin = clock();
    assert_fails(b, cairn_weights_bind(b->ctx, graph, loaded, CAIRN_F32, &bound), CAIRN_INPUT,
                 "tensor 'fc.bias' is missing");
    assert_true(clock() - begin < 8 * CLOCKS_PER_SEC); /* 0.3 s; it was 13, and more with a sanitizer */
    add(loaded, "fc.bias", CAIRN_F32, 1, fc_bias);
    assert_int_equal(cairn_weights_bind(b->ctx, graph, loaded, CAIRN_F32, &bound), CAIRN_OK);
    assert_int_equal(b->warnings, 11);
    assert_non_null(strstr(b->last_warning, "15990 more tensors are not used"));
    cairn_weights_destroy(bound);
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
}

static void unbound_weights_are_found_out(void **state)
{
    bench *b = *state;
    cairn_graph *graph;
    cairn_weights *loaded;
    const int64_t square[] = {6, 6}, bias[] = {6};
    assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
    cairn_linear(graph, cairn_image(graph, 1, 1, 6), "fc", 6);
    assert_int_equal(cairn_weights_create(b->ctx, &loaded), CAIRN_OK);
    add(loaded, "fc.weight", CAIRN_F32, 2, square);
    add(loaded, "fc.bias", CAIRN_F32, 1, bias);
    assert_fails(b, cairn_weights_check(loaded, graph), CAIRN_INPUT, "cairn_weights_bind first");
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
}

/* To train on: other names as ever, a head of other classes from the fresh weights, nothing else. */
static void a_head_of_other_classes_stays_fresh(void **state)
{
    bench *b = *state;
    static const cairn_name_rule rules[] = {{"classifier", "fc"}, {NULL, NULL}};
    static const int64_t three_by_24[] = {3, 24}, five_by_23[] = {5, 23}, three[] = {3};
    for (int wrong = 0; wrong < 2; wrong++) {
        cairn_graph *graph = make_graph(b);
        cairn_weights *loaded, *fresh, *bound;
        assert_int_equal(cairn_weights_create(b->ctx, &loaded), CAIRN_OK);
        add(loaded, "module.conv.weight", CAIRN_F32, 4, conv_shape);
        add(loaded, "module.conv.bias", CAIRN_F32, 1, conv_bias);
        add(loaded, "module.classifier.weight", CAIRN_F32, 2, wrong ? five_by_23 : three_by_24);
        add(loaded, "module.classifier.bias", CAIRN_F32, 1, three);
        assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 1, &fresh), CAIRN_OK);
        if (wrong) {
            assert_fails(b, cairn_weights_bind_body(b->ctx, graph, rules, loaded, fresh, &bound), CAIRN_INPUT,
                         "'fc.weight' has the wrong shape (expected [5,24], found [5,23])");
            assert_null(bound);
        } else {
            assert_int_equal(cairn_weights_bind_body(b->ctx, graph, rules, loaded, fresh, &bound), CAIRN_OK);
            const cairn_tensor *conv = cairn_weights_find(bound, "conv.bias"),
                               *head = cairn_weights_find(bound, "fc.weight");
            assert_true(((const float *)conv->data)[3] == 3);
            assert_memory_equal(head->data, cairn_weights_find(fresh, "fc.weight")->data,
                                sizeof(float) * 5 * 24);
        }
        cairn_weights_destroy(bound);
        cairn_weights_destroy(fresh);
        cairn_weights_destroy(loaded);
        cairn_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_the_layouts_of_memory),   TEST(S16_missing_and_misshapen),
        TEST(S16_extra_is_a_warning),        TEST(many_tensors_take_no_long_time),
        TEST(unbound_weights_are_found_out), TEST(a_head_of_other_classes_stays_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
