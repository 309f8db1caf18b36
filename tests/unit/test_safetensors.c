/* Reading safetensors: rows S1 to S15 of malformed input (S16 needs a network: test_bind), what is accepted,
 * and every prefix and bit flip of a small file. */
#include "support.h"

#include "io/weights.h"
#include <math.h>

/* ---- making files ---- */

/* Length, header, then `data_size` bytes counting up. */
static uint8_t *make_file(const char *header, size_t header_size, size_t data_size, size_t *size)
{
    *size = 8 + header_size + data_size;
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    uint64_t length = header_size;
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, header_size);
    for (size_t i = 0; i < data_size; i++)
        bytes[8 + header_size + i] = (uint8_t)i;
    return bytes;
}

static cairn_status parse(bench *b, const void *bytes, size_t size, cairn_weights **weights)
{
    return cairn_weights_parse(b->ctx, "test", bytes, size, weights);
}

static cairn_status parse_and_drop(bench *b, const void *bytes, size_t size)
{
    cairn_weights *weights;
    cairn_status status = parse(b, bytes, size, &weights);
    assert_true((status == CAIRN_OK) == (weights != NULL));
    cairn_weights_destroy(weights);
    return status;
}

static cairn_status parse_header(bench *b, const char *header, size_t data_size)
{
    size_t size;
    uint8_t *bytes = make_file(header, strlen(header), data_size, &size);
    cairn_status status = parse_and_drop(b, bytes, size);
    free(bytes);
    return status;
}

#define ONE(name, dtype, shape, offsets)                                                                     \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const char valid[] = "{\"__metadata__\":{\"k\":\"v\"}," ONE("a", "F32", "[2,1]", "[0,8]") "," ONE(
    "b", "U8", "[3]", "[8,11]") "}";

/* ---- malformed input ---- */

static void S1_too_short(void **state)
{
    bench *b = *state;
    for (size_t n = 0; n < 8; n++)
        assert_fails(b, parse_and_drop(b, "\0\0\0\0\0\0\0", n), CAIRN_INPUT,
                     "shorter than the 8-byte length");
}

static void S2_S3_wild_length(void **state)
{
    bench *b = *state;
    uint8_t bytes[64] = {0};
    const uint64_t lengths[] = {UINT64_C(1) << 63, 100000001, UINT64_MAX, 57};
    for (size_t i = 0; i < CAIRN_COUNT(lengths); i++) {
        memcpy(bytes, &lengths[i], 8);
        bytes[8] = '{';
        assert_fails(b, parse_and_drop(b, bytes, sizeof bytes), CAIRN_INPUT, "header length at byte 0");
    }
}

static void S4_not_utf8(void **state)
{
    bench *b = *state;
    assert_fails(b, parse_header(b, "{\"\xFF\":{}}", 0), CAIRN_INPUT, "not UTF-8 at byte 2");
    assert_fails(b, parse_header(b, "{\"\xED\xA0\x80\":{}}", 0), CAIRN_INPUT, "not UTF-8");
}

static void S5_not_an_object(void **state)
{
    bench *b = *state;
    static char nested[100000];
    memset(nested, '[', sizeof nested);
    size_t size;
    uint8_t *bytes = make_file(nested, sizeof nested, 0, &size);
    assert_fails(b, parse_and_drop(b, bytes, size), CAIRN_INPUT, "nested too deeply at byte 4");
    free(bytes);
    assert_fails(b, parse_header(b, "{", 0), CAIRN_INPUT, "JSON");
    assert_fails(b, parse_header(b, "[]", 0), CAIRN_INPUT, "not a JSON object");
    assert_fails(b, parse_header(b, "{\"a\":NaN}", 0), CAIRN_INPUT, "JSON");
    size_t trailing_nul;
    bytes = make_file("{}\0", 3, 0, &trailing_nul);
    assert_int_equal(parse_and_drop(b, bytes, trailing_nul), CAIRN_INPUT);
    free(bytes);
}

/* A header that would cost a parser forty times its size. */
static void refuses_many_values(void **state)
{
    bench *b = *state;
    size_t count = 500000, size;
    char *header = malloc(3 * count + 16);
    size_t used = (size_t)sprintf(header, "{\"a\":[");
    for (size_t i = 0; i < count; i++, used += 3)
        memcpy(header + used, "[],", 3);
    memcpy(header + used, "[]]}", 4);
    uint8_t *bytes = make_file(header, used + 4, 0, &size);
    assert_fails(b, parse_and_drop(b, bytes, size), CAIRN_INPUT, "too many values");
    free(bytes);
    free(header);
}

static void S6_same_name_twice(void **state)
{
    bench *b = *state;
    assert_fails(
        b,
        parse_header(b, "{" ONE("twin", "U8", "[1]", "[0,1]") "," ONE("twin", "U8", "[1]", "[1,2]") "}", 2),
        CAIRN_INPUT, "twin");
    assert_fails(
        b,
        parse_header(b, "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                     0),
        CAIRN_INPUT, "dtype");
}

static void S7_overlap(void **state)
{
    bench *b = *state;
    assert_fails(
        b, parse_header(b, "{" ONE("a", "U8", "[16]", "[0,16]") "," ONE("b", "U8", "[16]", "[0,16]") "}", 16),
        CAIRN_INPUT, "overlaps");
}

static void S8_hole_or_rest(void **state)
{
    bench *b = *state;
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[1]", "[1,2]") "}", 2), CAIRN_INPUT, "hole");
    assert_fails(
        b, parse_header(b, "{" ONE("a", "U8", "[1]", "[0,1]") "," ONE("b", "U8", "[1]", "[2,3]") "}", 3),
        CAIRN_INPUT, "hole");
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[1]", "[0,1]") "}", 2), CAIRN_INPUT,
                 "belong to no tensor");
}

static void S9_cut_short(void **state)
{
    bench *b = *state;
    for (size_t n = 0; n < 11; n++)
        assert_fails(b, parse_header(b, valid, n), CAIRN_INPUT, "cut short (expected 11 data bytes");
}

static void S10_shape_overflow(void **state)
{
    bench *b = *state;
    assert_int_equal(parse_header(b, "{" ONE("a", "U8", "[2,18446744073709551614]", "[0,1]") "}", 1),
                     CAIRN_INPUT);
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[2,9223372036854775807]", "[0,1]") "}", 1),
                 CAIRN_INPUT, "shape has a size out of range");
    assert_fails(b, parse_header(b, "{" ONE("a", "F32", "[2147483647,2147483647]", "[0,1]") "}", 1),
                 CAIRN_INPUT, "shape overflows");
}

static void S11_offsets(void **state)
{
    bench *b = *state;
    const char *offsets[] = {"[4,0]", "[-4,0]",   "[0,4e0]", "[0,4.0]", "[0]",      "[0,2,4]",
                             "null",  "[0,null]", "[0,3]",   "[0,8]",   "{\"0\":0}"};
    for (size_t i = 0; i < CAIRN_COUNT(offsets); i++) {
        char header[200];
        snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":%s}}",
                 offsets[i]);
        assert_fails(b, parse_header(b, header, 4), CAIRN_INPUT, "data_offsets");
    }
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[-1]", "[0,1]") "}", 1), CAIRN_INPUT, "shape");
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[1.0]", "[0,1]") "}", 1), CAIRN_INPUT, "shape");
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "1", "[0,1]") "}", 1), CAIRN_INPUT, "shape");
    assert_fails(b, parse_header(b, "{" ONE("a", "F4", "[3]", "[0,1]") "}", 1), CAIRN_INPUT,
                 "whole number of bytes");
}

static void S12_types(void **state)
{
    bench *b = *state;
    assert_fails(b, parse_header(b, "{" ONE("a", "F33", "[1]", "[0,4]") "}", 4), CAIRN_INPUT,
                 "unknown dtype (expected a type such as \"F32\", found \"F33\")");
    assert_fails(b, parse_header(b, "{\"a\":{\"dtype\":null,\"shape\":[],\"data_offsets\":[0,4]}}", 4),
                 CAIRN_INPUT, "dtype is missing or not text (expected a type such as \"F32\", found null)");
    assert_fails(
        b,
        parse_header(
            b, "{" ONE("a", "F32F32F32F32F32F32F32F32F32F32F32F32F32F32F32F32F32F32", "[1]", "[0,4]") "}", 4),
        CAIRN_INPUT, "found \"...)");
    assert_fails(b, parse_header(b, "{" ONE("a", "F32", "[1]", "[0,4.0]") "}", 4), CAIRN_INPUT,
                 "found [0,4.0])");
    assert_fails(b, parse_header(b, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4), CAIRN_INPUT,
                 "0 <= begin <= end, found nothing)");
    assert_fails(b, parse_header(b, "{\"__metadata__\":{\"k\":1}}", 0), CAIRN_INPUT, "'k' is not a string");
    assert_fails(b, parse_header(b, "{\"__metadata__\":null}", 0), CAIRN_INPUT, "__metadata__");
    assert_fails(b, parse_header(b, "{\"a\":1}", 0), CAIRN_INPUT, "tensor 'a'");
    assert_fails(b, parse_header(b, "{" ONE("a", "F8_E4M3", "[1]", "[0,1]") "}", 1), CAIRN_INPUT,
                 "F8_E4M3 is not supported");
    assert_fails(b, parse_header(b, "{" ONE("a", "U8", "[1,1,1,1,1]", "[0,1]") "}", 1), CAIRN_INPUT,
                 "too many dimensions");
}

static void names_other_formats(void **state)
{
    bench *b = *state;
    static const struct {
        const char *bytes, *piece;
    } cases[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 12345\n", "git-lfs pointer"},
        {"<!DOCTYPE html><html><body>404</body></html>", "HTML page"},
        {"\n <html><body>404</body></html>", "HTML page"},
        {"PK\3\4 and what a zip has", "zip archive"},
        {"\x89HDF\r\n\x1a\n and what HDF5 has", "HDF5"},
        {"\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", "pickle"},
        {"\x93NUMPY and a header", "NumPy"},
        {"\x1f\x8b and a stream", "gzip"},
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++)
        assert_fails(b, parse_and_drop(b, cases[i].bytes, strlen(cases[i].bytes)), CAIRN_INPUT,
                     cases[i].piece);
    bench_put(bench_path(b, "weights"), cases[0].bytes, strlen(cases[0].bytes));
    cairn_weights *weights;
    assert_fails(b, cairn_weights_load(b->ctx, bench_path(b, "weights"), &weights), CAIRN_INPUT, "git lfs");
    assert_fails(b, cairn_weights_load(b->ctx, bench_path(b, "missing"), &weights), CAIRN_IO, "No such file");
    assert_fails(b, cairn_weights_load(b->ctx, b->folder, &weights), CAIRN_INPUT, "is a folder");
}

/* ---- accepted ---- */

static void S13_white_space(void **state)
{
    bench *b = *state;
    assert_int_equal(parse_header(b, " \n\t{" ONE("a", "U8", "[1]", "[0,1]") "}\r\n  ", 1), CAIRN_OK);
    assert_int_equal(parse_header(b, "{}", 0), CAIRN_OK);
    assert_int_equal(
        parse_header(b, "{\"a\":{\"x\":[],\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
        CAIRN_OK);
}

static void S14_empty_and_scalar(void **state)
{
    bench *b = *state;
    size_t size;
    cairn_weights *weights;
    const char header[] = "{" ONE("empty", "F32", "[2,0]", "[0,0]") "," ONE(
        "void", "F32", "[0]", "[0,0]") "," ONE("scalar", "U8", "[]", "[0,1]") "}";
    uint8_t *bytes = make_file(header, strlen(header), 1, &size);
    assert_int_equal(parse(b, bytes, size, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_count(weights), 3);
    assert_int_equal(cairn_weights_find(weights, "scalar")->shape.rank, 0);
    assert_int_equal(cairn_weights_find(weights, "empty")->shape.dim[1], 0);
    cairn_weights_destroy(weights);
    free(bytes);
}

static void S15_not_finite(void **state)
{
    bench *b = *state;
    const float values[4] = {1, NAN, INFINITY, -2};
    cairn_weights *weights, *loaded;
    const cairn_tensor *tensor;
    cairn_shape shape = {.rank = 1, .dim = {4}};
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, "bad", CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor),
                     CAIRN_OK);
    assert_int_equal(cairn_tensor_set(tensor, CAIRN_F32, values), CAIRN_OK);
    assert_int_equal(cairn_weights_save(weights, bench_path(b, "w")), CAIRN_OK);
    assert_int_equal(b->warnings, 0);
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "w"), &loaded), CAIRN_OK);
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "'bad' has 2 values that are not finite"));
    assert_memory_equal(cairn_weights_at(loaded, 0)->data, values, sizeof values);
    cairn_weights_destroy(weights);
    cairn_weights_destroy(loaded);
}

static void widens_integers(void **state)
{
    bench *b = *state;
    const char header[] = "{" ONE("u16", "U16", "[2]", "[0,4]") "," ONE("i8", "I8", "[3]", "[4,7]") "," ONE(
        "u64", "U64", "[1]", "[7,15]") "}";
    size_t size;
    uint8_t *bytes = make_file(header, strlen(header), 15, &size);
    uint8_t *data = bytes + size - 15;
    memcpy(data, "\xFF\xFF\1\0\xFF\x80\x7F\1\0\0\0\0\0\0\0", 15);
    cairn_weights *weights;
    assert_int_equal(parse(b, bytes, size, &weights), CAIRN_OK);
    const int64_t u16[] = {65535, 1}, i8[] = {-1, -128, 127}, u64[] = {1};
    assert_memory_equal(cairn_weights_find(weights, "u16")->data, u16, sizeof u16);
    assert_memory_equal(cairn_weights_find(weights, "i8")->data, i8, sizeof i8);
    assert_memory_equal(cairn_weights_find(weights, "u64")->data, u64, sizeof u64);
    cairn_weights_destroy(weights);
    data[14] = 0x80;
    assert_fails(b, parse_and_drop(b, bytes, size), CAIRN_INPUT, "value out of range");
    free(bytes);
}

/* ---- exhaustive ---- */

static void every_prefix_and_flip(void **state)
{
    bench *b = *state;
    size_t size, accepted = 0;
    uint8_t *bytes = make_file(valid, strlen(valid), 11, &size);
    assert_int_equal(parse_and_drop(b, bytes, size), CAIRN_OK);
    for (size_t n = 0; n < size; n++) {
        uint8_t *prefix = malloc(n > 0 ? n : 1); /* its own block: the sanitizer sees its end */
        memcpy(prefix, bytes, n);
        assert_int_equal(parse_and_drop(b, prefix, n), CAIRN_INPUT);
        free(prefix);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cairn_status status = parse_and_drop(b, bytes, size);
        assert_true(status == CAIRN_OK || status == CAIRN_INPUT);
        accepted += status == CAIRN_OK;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(accepted >= 88); /* all flips in the data; names and metadata besides */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S1_too_short),        TEST(S2_S3_wild_length),   TEST(S4_not_utf8),
        TEST(S5_not_an_object),    TEST(refuses_many_values), TEST(S6_same_name_twice),
        TEST(S7_overlap),          TEST(S8_hole_or_rest),     TEST(S9_cut_short),
        TEST(S10_shape_overflow),  TEST(S11_offsets),         TEST(S12_types),
        TEST(names_other_formats), TEST(S13_white_space),     TEST(S14_empty_and_scalar),
        TEST(S15_not_finite),      TEST(widens_integers),     TEST(every_prefix_and_flip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
