/* Writing safetensors, and reading it again: layouts, the same bytes each time, metadata, names, halves. */
#include "support.h"

#include "io/weights.h"
#include <math.h>

/* A convolution counted in the order of files, a dense layer, and other types. */
static cairn_weights *make_weights(bench *b)
{
    cairn_weights *weights;
    const cairn_tensor *conv, *linear, *other;
    cairn_shape conv_shape = {.rank = 4, .dim = {3, 2, 4, 21}}, linear_shape = {.rank = 2, .dim = {5, 7}};
    cairn_shape one = {.rank = 1, .dim = {1}};
    float values[3 * 2 * 4 * 21];
    for (size_t i = 0; i < CAIRN_COUNT(values); i++)
        values[i] = (float)i;
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, "z.weight", CAIRN_F32, CAIRN_LAYOUT_CONV, &conv_shape, &conv),
                     CAIRN_OK);
    assert_int_equal(
        cairn_weights_add(weights, "fc.weight", CAIRN_F32, CAIRN_LAYOUT_LINEAR, &linear_shape, &linear),
        CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, "half", CAIRN_F16, CAIRN_LAYOUT_PLAIN, &one, &other),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, "step", CAIRN_I64, CAIRN_LAYOUT_PLAIN, &one, &other),
                     CAIRN_OK);
    assert_int_equal(cairn_tensor_set(conv, CAIRN_F32, values), CAIRN_OK);
    assert_int_equal(cairn_tensor_set(linear, CAIRN_F32, values), CAIRN_OK);
    assert_int_equal(cairn_weights_set_meta(weights, "cairn.arch", "test \"quoted\"\n\xC3\xA4"), CAIRN_OK);
    return weights;
}

static void keeps_layouts_apart(void **state)
{
    bench *b = *state;
    cairn_weights *weights = make_weights(b);
    const cairn_tensor *conv = cairn_weights_find(weights, "z.weight");
    const float *memory = conv->data;
    for (int o = 0; o < 21; o++)
        for (int i = 0; i < 4; i++)
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 2; x++)
                    assert_true(memory[((y * 2 + x) * 4 + i) * 21 + o] ==
                                (float)(((o * 4 + i) * 3 + y) * 2 + x));
    double back[3 * 2 * 4 * 21];
    assert_int_equal(cairn_tensor_get(conv, CAIRN_F64, back), CAIRN_OK);
    for (size_t i = 0; i < CAIRN_COUNT(back); i++)
        assert_true(back[i] == (double)i);
    const cairn_tensor *linear = cairn_weights_find(weights, "fc.weight");
    assert_true(((const float *)linear->data)[1 * 7 + 2] == 2 * 5 + 1);
    assert_fails(b, cairn_tensor_get(linear, CAIRN_I32, back), CAIRN_USAGE, "F32 does not become I32");
    cairn_weights_destroy(weights);
}

static void writes_deterministic_bytes(void **state)
{
    bench *b = *state;
    cairn_weights *weights = make_weights(b), *loaded;
    uint8_t *first, *second;
    size_t first_size, second_size;
    assert_int_equal(cairn_weights_save(weights, bench_path(b, "one")), CAIRN_OK);
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "one"), &loaded), CAIRN_OK);
    assert_int_equal(cairn_weights_save(loaded, bench_path(b, "two")), CAIRN_OK);
    assert_int_equal(cairn_file_read(b->ctx, bench_path(b, "one"), 1 << 20, &first, &first_size), CAIRN_OK);
    assert_int_equal(cairn_file_read(b->ctx, bench_path(b, "two"), 1 << 20, &second, &second_size), CAIRN_OK);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    uint64_t length;
    memcpy(&length, first, 8);
    assert_int_equal(length % 8, 0);
    /* metadata first, then widest alignment first and by name */
    const char *expected[] = {"\"__metadata__\"", "\"step\"", "\"fc.weight\"", "\"z.weight\"", "\"half\""};
    const char *at = (const char *)first + 8;
    first[7 + length] = '\0';
    for (size_t i = 0; i < CAIRN_COUNT(expected); i++) {
        at = strstr(at, expected[i]);
        assert_non_null(at);
    }
    assert_string_equal(cairn_weights_meta(loaded, "cairn.arch"), "test \"quoted\"\n\xC3\xA4");
    assert_string_equal(cairn_weights_meta(loaded, "format"), "pt");
    const cairn_tensor *conv = cairn_weights_find(loaded, "z.weight");
    assert_int_equal(conv->shape.dim[0], 21);
    assert_int_equal(conv->shape.dim[3], 2);
    assert_true(((const float *)conv->data)[17] == 17);
    cairn_free(b->ctx, first);
    cairn_free(b->ctx, second);
    cairn_weights_destroy(weights);
    cairn_weights_destroy(loaded);
}

static void edits_metadata(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_set_meta(weights, "a", "1"), CAIRN_OK);
    assert_int_equal(cairn_weights_set_meta(weights, "b", "2"), CAIRN_OK);
    assert_int_equal(cairn_weights_set_meta(weights, "a", "3"), CAIRN_OK);
    const char *key, *value;
    cairn_weights_meta_at(weights, 0, &key, &value);
    assert_string_equal(key, "a");
    assert_string_equal(value, "3");
    assert_int_equal(cairn_weights_set_meta(weights, "a", NULL), CAIRN_OK);
    assert_int_equal(cairn_weights_meta_count(weights), 1);
    assert_null(cairn_weights_meta(weights, "a"));
    assert_fails(b, cairn_weights_set_meta(weights, "c", "\xFF"), CAIRN_INPUT, "not UTF-8");
    cairn_weights_destroy(weights);
}

static void finds_many_names(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    cairn_shape shape = {.rank = 1, .dim = {1}};
    char name[16];
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(cairn_weights_add(weights, name, CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, NULL),
                         CAIRN_OK);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_ptr_equal(cairn_weights_find(weights, name), cairn_weights_at(weights, i));
    }
    assert_null(cairn_weights_find(weights, "t1000"));
    assert_fails(b, cairn_weights_add(weights, "t7", CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, NULL),
                 CAIRN_USAGE, "already");
    cairn_weights_destroy(weights);
}

/* All 65,536 values of both 16-bit types survive a trip through double, and ties go to even. */
static void converts_halves(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    cairn_shape all = {.rank = 1, .dim = {65536}}, few = {.rank = 1, .dim = {6}};
    const cairn_dtype dtypes[] = {CAIRN_F16, CAIRN_BF16};
    uint16_t *bits = malloc(65536 * sizeof *bits);
    double *values = malloc(65536 * sizeof *values);
    for (size_t i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    for (int t = 0; t < 2; t++) {
        const cairn_tensor *tensor;
        assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
        assert_int_equal(cairn_weights_add(weights, "all", dtypes[t], CAIRN_LAYOUT_PLAIN, &all, &tensor),
                         CAIRN_OK);
        assert_int_equal(cairn_tensor_set(tensor, dtypes[t], bits), CAIRN_OK);
        assert_int_equal(cairn_tensor_get(tensor, CAIRN_F64, values), CAIRN_OK);
        assert_int_equal(cairn_tensor_set(tensor, CAIRN_F64, values), CAIRN_OK);
        const uint16_t *back = tensor->data;
        for (size_t i = 0; i < 65536; i++)
            assert_true(isnan(values[i]) || back[i] == i);
        cairn_weights_destroy(weights);
    }
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    const cairn_tensor *tensor;
    assert_int_equal(cairn_weights_add(weights, "few", CAIRN_F16, CAIRN_LAYOUT_PLAIN, &few, &tensor),
                     CAIRN_OK);
    const double ties[6] = {2049, 2051, 65519.9, 65520, 0x1p-25, 0x1.8p-24};
    const uint16_t rounded[6] = {0x6800, 0x6802, 0x7BFF, 0x7C00, 0, 2};
    assert_int_equal(cairn_tensor_set(tensor, CAIRN_F64, ties), CAIRN_OK);
    assert_memory_equal(tensor->data, rounded, sizeof rounded);
    cairn_weights_destroy(weights);
    free(bits);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_layouts_apart), TEST(writes_deterministic_bytes),
        TEST(edits_metadata),      TEST(finds_many_names),
        TEST(converts_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
