/* Numbers on their way between files and memory: every shape lands where the layouts say, whatever its type,
 * in parts or whole, and 16-bit floats become the same singles at every kernel level. */
#include "support.h"

#include "base/cpu.h"
#include "io/dtype.h"
#include "io/half.h"
#include "io/weights.h"
#include <math.h>

static const int64_t convs[][4] = {{1, 1, 1, 1},  {1, 1, 7, 16},  {3, 3, 3, 17},  {1, 1, 64, 48},
                                   {5, 2, 9, 33}, {3, 3, 70, 64}, {1, 7, 260, 40}};
static const int64_t dense[][2] = {{1, 1}, {5, 3}, {64, 16}, {700, 35}, {9000, 33}};

/* Few enough values that all types hold them exactly. */
static double value_at(size_t file_index)
{
    return (double)((file_index * 37 + file_index / 251) % 255) - 127.0;
}

/* Where element (o, i, tap) of a file lies in memory. */
static size_t memory_index(const cairn_tensor *t, size_t file_index)
{
    const int64_t *d = t->shape.dim;
    if (t->layout == CAIRN_LAYOUT_LINEAR) {
        size_t in = (size_t)d[0], out = (size_t)d[1];
        return file_index % in * out + file_index / in;
    }
    size_t taps = (size_t)(d[0] * d[1]), in = (size_t)d[2], out = (size_t)d[3];
    size_t tap = file_index % taps, i = file_index / taps % in, o = file_index / taps / in;
    return (tap * in + i) * out + o;
}

static void check_tensor(const cairn_tensor *t, size_t count)
{
    for (size_t k = 0; k < count; k++)
        assert_true(cairn_dtype_load(t->dtype, t->data, memory_index(t, k)) == value_at(k));
}

static void check_way(const cairn_tensor *to, size_t count, cairn_dtype file_dtype)
{
    size_t width = cairn_dtype_size(file_dtype);
    char *file = malloc(count * width), *back = malloc(count * width);
    assert_non_null(file);
    assert_non_null(back);
    for (size_t k = 0; k < count; k++)
        cairn_dtype_store(file_dtype, file, k, value_at(k));
    memset(to->data, 0xFF, count * cairn_dtype_size(to->dtype));
    assert_int_equal(cairn_tensor_set(to, file_dtype, file), CAIRN_OK);
    check_tensor(to, count);
    assert_int_equal(cairn_tensor_get(to, file_dtype, back), CAIRN_OK);
    assert_memory_equal(back, file, count * width);

    cairn_tensor from = {.dtype = file_dtype, .shape = cairn_tensor_file_form(to).shape, .data = file};
    memset(to->data, 0xFF, count * cairn_dtype_size(to->dtype));
    for (size_t part = 0; part < cairn_tensor_parts(&from, to); part++)
        cairn_tensor_copy_part(&from, to, part);
    check_tensor(to, count);
    free(file);
    free(back);
}

static void check_shape(bench *b, cairn_layout layout, const cairn_shape *shape, cairn_dtype dtype)
{
    static const cairn_dtype types[] = {CAIRN_F32, CAIRN_F64, CAIRN_F16, CAIRN_BF16};
    cairn_weights *weights;
    const cairn_tensor *to;
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, "t", dtype, layout, shape, &to), CAIRN_OK);
    for (size_t i = 0; i < CAIRN_COUNT(types); i++)
        check_way(to, (size_t)cairn_shape_elements(shape), types[i]);
    cairn_weights_destroy(weights);
}

static void every_shape_and_type(void **state)
{
    static const cairn_dtype types[] = {CAIRN_F32, CAIRN_F64};
    for (size_t t = 0; t < CAIRN_COUNT(types); t++) {
        for (size_t i = 0; i < CAIRN_COUNT(convs); i++) {
            cairn_shape shape = {.rank = 4};
            memcpy(shape.dim, convs[i], sizeof convs[i]);
            check_shape(*state, CAIRN_LAYOUT_CONV, &shape, types[t]);
        }
        for (size_t i = 0; i < CAIRN_COUNT(dense); i++) {
            cairn_shape shape = {.rank = 2};
            memcpy(shape.dim, dense[i], sizeof dense[i]);
            check_shape(*state, CAIRN_LAYOUT_LINEAR, &shape, types[t]);
        }
    }
}

/* All 65,536 of them; of NaN only that it is one. */
static void check_halves(cairn_half_to_f32 *widen, cairn_dtype dtype)
{
    static uint16_t from[65536];
    static float to[65536];
    for (size_t i = 0; i < CAIRN_COUNT(from); i++)
        from[i] = (uint16_t)i;
    widen(from, CAIRN_COUNT(from), to);
    for (size_t i = 0; i < CAIRN_COUNT(from); i++) {
        float expected = (float)cairn_dtype_load(dtype, from, i);
        if (isnan(expected))
            assert_true(isnan(to[i]));
        else
            assert_memory_equal(&to[i], &expected, sizeof expected);
    }
}

static void halves_at_every_level(void **state)
{
    (void)state;
    check_halves(cairn_f16_to_f32_base, CAIRN_F16);
    check_halves(cairn_bf16_to_f32_base, CAIRN_BF16);
#if defined(__x86_64__)
    if (cairn_isa_detected() >= CAIRN_ISA_AVX2) {
        check_halves(cairn_f16_to_f32_avx2, CAIRN_F16);
        check_halves(cairn_bf16_to_f32_avx2, CAIRN_BF16);
    }
    if (cairn_isa_detected() >= CAIRN_ISA_AVX512) {
        check_halves(cairn_f16_to_f32_avx512, CAIRN_F16);
        check_halves(cairn_bf16_to_f32_avx512, CAIRN_BF16);
    }
#endif
}

/* One by one in the middle and at the end of a long array. */
static void not_finite_of_every_type(void **state)
{
    static const cairn_dtype types[] = {CAIRN_F32, CAIRN_F64, CAIRN_F16, CAIRN_BF16};
    static double data[1000];
    (void)state;
    for (size_t t = 0; t < CAIRN_COUNT(types); t++) {
        for (size_t i = 0; i < CAIRN_COUNT(data); i++)
            cairn_dtype_store(types[t], data, i, value_at(i));
        assert_int_equal(cairn_dtype_count_not_finite(types[t], data, CAIRN_COUNT(data)), 0);
        cairn_dtype_store(types[t], data, 500, (double)NAN);
        cairn_dtype_store(types[t], data, CAIRN_COUNT(data) - 1, -(double)INFINITY);
        assert_int_equal(cairn_dtype_count_not_finite(types[t], data, CAIRN_COUNT(data)), 2);
    }
    assert_int_equal(cairn_dtype_count_not_finite(CAIRN_I64, data, CAIRN_COUNT(data)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(every_shape_and_type), TEST(halves_at_every_level),
                                       TEST(not_finite_of_every_type)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
