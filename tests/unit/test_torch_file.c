/* Files of torch.save: every form and kind of tensor (tests/data/torch, made by tests/tools/make_torch.py),
 * and archives by hand: row K1 of malformed input. */
#include "torch_files.h"

#include <zip.h>

/* ---- files of PyTorch ---- */

static uint8_t *fixture(bench *b, const char *name, size_t *size)
{
    char path[512];
    uint8_t *bytes;
    snprintf(path, sizeof path, "%s/torch/%s", CAIRN_TEST_DATA, name);
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, size), CAIRN_OK);
    return bytes;
}

static cairn_status load(bench *b, const char *name, cairn_weights **weights)
{
    char path[512];
    snprintf(path, sizeof path, "%s/torch/%s", CAIRN_TEST_DATA, name);
    return cairn_weights_load(b->ctx, path, weights);
}

static const struct expected {
    const char *name;
    cairn_dtype dtype;
    cairn_shape shape;
    double values[24];
} expected[] = {
    {"f32", CAIRN_F32, {.rank = 2, .dim = {2, 3}}, {-2.25, -1.25, -0.25, 0.75, 1.75, 2.75}},
    {"f64", CAIRN_F64, {.rank = 1, .dim = {3}}, {0, 1.0 / 3, 2.0 / 3}},
    {"f16", CAIRN_F16, {.rank = 1, .dim = {5}}, {0, 0.25, 0.5, 0.75, 1}},
    {"bf16", CAIRN_BF16, {.rank = 1, .dim = {5}}, {0, 0.25, 0.5, 0.75, 1}},
    {"i64", CAIRN_I64, {.rank = 0}, {1234567890123}},
    {"i32", CAIRN_I32, {.rank = 1, .dim = {2}}, {-7, 7}},
    {"i16", CAIRN_I64, {.rank = 1, .dim = {2}}, {-300, 300}},
    {"i8", CAIRN_I64, {.rank = 1, .dim = {3}}, {-3, 3, 127}},
    {"u8", CAIRN_U8, {.rank = 1, .dim = {2}}, {0, 200}},
    {"bool", CAIRN_U8, {.rank = 1, .dim = {3}}, {1, 0, 1}},
    {"empty", CAIRN_F32, {.rank = 2, .dim = {0, 3}}, {0}},
    {"parameter", CAIRN_F32, {.rank = 1, .dim = {2}}, {0.5, -0.5}},
    {"base",
     CAIRN_F32,
     {.rank = 1, .dim = {12}},
     {-4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5}},
    {"tied",
     CAIRN_F32,
     {.rank = 1, .dim = {12}},
     {-4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5}},
    {"part", CAIRN_F32, {.rank = 1, .dim = {3}}, {-2.5, -1.5, -0.5}},
    {"turned",
     CAIRN_F32,
     {.rank = 2, .dim = {4, 3}},
     {-4.5, -0.5, 3.5, -3.5, 0.5, 4.5, -2.5, 1.5, 5.5, -1.5, 2.5, 6.5}},
    {"expanded", CAIRN_F32, {.rank = 1, .dim = {3}}, {-3.5, -3.5, -3.5}},
    {"image", CAIRN_F32, {.rank = 4, .dim = {1, 2, 3, 4}}, {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                                            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}},
};

static void check_tensor(const cairn_weights *weights, const struct expected *e)
{
    const cairn_tensor *t = cairn_weights_find(weights, e->name);
    double values[24];
    size_t count;
    assert_non_null(t);
    assert_int_equal(t->dtype, e->dtype);
    assert_int_equal(t->shape.rank, e->shape.rank);
    assert_memory_equal(t->shape.dim, e->shape.dim, sizeof t->shape.dim);
    assert_true(cairn_shape_count(&t->shape, &count) && count <= CAIRN_COUNT(values));
    assert_int_equal(cairn_tensor_get(t, CAIRN_F64, values), CAIRN_OK);
    for (size_t i = 0; i < count; i++)
        if (values[i] != e->values[i])
            fail_msg("%s[%zu] is %g", e->name, i, values[i]);
}

static void reads_every_form(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"zip.pth", "stream.pth", "protocol4.pth", "deflated.pth", "big.pth"};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        cairn_weights *weights;
        assert_int_equal(load(b, names[i], &weights), CAIRN_OK);
        assert_int_equal(cairn_weights_count(weights), CAIRN_COUNT(expected));
        for (size_t k = 0; k < CAIRN_COUNT(expected); k++)
            check_tensor(weights, &expected[k]);
        cairn_weights_destroy(weights);
    }
    assert_int_equal(b->warnings, 0);
}

static void reads_types_of_version_3(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    assert_int_equal(load(b, "v3.pth", &weights), CAIRN_OK);
    check_tensor(weights, &(struct expected){"u16", CAIRN_I64, {.rank = 1, .dim = {2}}, {1, 65535}});
    cairn_weights_destroy(weights);
}

static void unwraps_checkpoints(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    assert_int_equal(load(b, "checkpoint.pth", &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_count(weights), 2);
    check_tensor(weights, &expected[0]);
    check_tensor(weights, &expected[4]);
    cairn_weights_destroy(weights);
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "leaves out objects of argparse.Namespace"));
    assert_int_equal(load(b, "averaged.pth", &weights), CAIRN_OK); /* averaged weights go first */
    assert_int_equal(cairn_weights_count(weights), 1);
    check_tensor(
        weights,
        &(struct expected){"f32", CAIRN_F32, {.rank = 2, .dim = {2, 3}}, {-4.5, -2.5, -0.5, 1.5, 3.5, 5.5}});
    cairn_weights_destroy(weights);
}

static void names_what_it_cannot_read(void **state)
{
    bench *b = *state;
    static const char *const cases[][2] = {
        {"complex.pth", "tensor 'bad': type complex64 is not supported"},
        {"sparse.pth",
         "tensor 'sparse': is of a kind that is not supported (torch._utils._rebuild_sparse_tensor)"},
        {"module.pth", "contains a pickled module (__main__.Net), not a state dict"},
        {"script.pth", "is a TorchScript archive"},
        {"plain.pickle", "is a pickle, but none of torch.save"},
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        cairn_weights *weights;
        assert_fails(b, load(b, cases[i][0], &weights), CAIRN_INPUT, cases[i][1]);
    }
    uint8_t tar[1024] = "model";
    memcpy(tar + 257, "ustar", 5);
    assert_fails(b, parse(b, tar, sizeof tar), CAIRN_INPUT, "a tar archive (PyTorch of 2016-17)");
    assert_fails(b, parse(b, "\x08\x06\x12\x07pytorch", 11), CAIRN_INPUT, "an ONNX model");
    assert_fails(b, parse(b, "\x0a\x05LeNet\xa2\x06P", 10), CAIRN_INPUT, "a Caffe model");
}

/* ---- archives by hand ---- */

#define ZIP_OBJECT                                                                                           \
    "\x80\2}X\1\0\0\0a" REBUILD "((U\7storagectorch\nFloatStorage\nU\0010U\3cpuK\2tQK\0" TWO ONE "\x89)tRs."

/* An archive with these entries, in memory: *bytes is to be freed. */
typedef struct item {
    const char *name;
    const void *bytes;
    size_t size;
    bool deflate;
} item;

static cairn_status parse_archive(bench *b, const item *items, size_t count)
{
    const char *path = bench_path(b, "archive.pth");
    uint8_t *bytes;
    size_t size;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(archive);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(archive, items[i].bytes, items[i].size, 0);
        zip_int64_t index = zip_file_add(archive, items[i].name, source, 0);
        assert_true(index >= 0);
        zip_set_file_compression(archive, (zip_uint64_t)index,
                                 items[i].deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    assert_int_equal(zip_close(archive), 0);
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
    cairn_status status = parse(b, bytes, size);
    cairn_free(b->ctx, bytes);
    return status;
}

static void K1_archives(void **state)
{
    bench *b = *state;
    static const char zeros[1 << 19];
    const item pickle = {"m/data.pkl", ZIP_OBJECT, sizeof ZIP_OBJECT - 1, false};
    const item storage = {"m/data/0", data + 8, 8, false};
#define ARCHIVE(...)                                                                                         \
    parse_archive(b, (const item[]){__VA_ARGS__}, sizeof((const item[]){__VA_ARGS__}) / sizeof(item))
    assert_int_equal(ARCHIVE(pickle, storage), CAIRN_OK);
    assert_fails(b, ARCHIVE(pickle), CAIRN_INPUT, "entry 'm/data/0' is missing");
    assert_fails(b, ARCHIVE(pickle, {"m/data/0", data, 7, false}), CAIRN_INPUT, "expected 8 bytes");
    assert_fails(b, ARCHIVE(pickle, storage, {"../../x", "x", 1, false}), CAIRN_INPUT,
                 "leads out of the archive");
    assert_fails(b, ARCHIVE(pickle, storage, {"/x", "x", 1, false}), CAIRN_INPUT, "leads out of the archive");
    assert_fails(b, ARCHIVE(pickle, {"m/data/0", zeros, sizeof zeros, true}), CAIRN_INPUT,
                 "sizes make no sense");
    assert_fails(b, ARCHIVE({"m/data.pkl", zeros, sizeof zeros, true}), CAIRN_INPUT, "sizes make no sense");
    assert_fails(b, ARCHIVE(pickle, storage, {"m/byteorder", "middle", 6, false}), CAIRN_INPUT,
                 "found 'middle'");
    assert_fails(b, ARCHIVE({"a.npy", "x", 1, false}), CAIRN_INPUT, "NumPy arrays (npz)");
    assert_fails(b, ARCHIVE({"model.weights.h5", "x", 1, false}), CAIRN_INPUT, "a Keras archive");
    assert_fails(b, ARCHIVE({"word/document.xml", "x", 1, false}), CAIRN_INPUT, "none of torch.save");
#undef ARCHIVE
}

/* Packed a hundredfold at most, and still far more than the file: memory is for what the file is worth. */
static void K1_archives_that_unpack_to_too_much(void **state)
{
    bench *b = *state;
    const size_t size = (size_t)20 << 20;
    static const char object[] =
        "\x80\2}X\1\0\0\0a" REBUILD
        "((U\7storagectorch\nFloatStorage\nU\0010U\3cpuJ\0\0\x50\0tQK\0J\0\0\x50\0\x85"
        "K\1\x85\x89)tRs.";
    uint8_t *bytes = calloc(size, 1);
    assert_non_null(bytes);
    uint32_t noise = 1;
    for (size_t i = 0; i < size; i++) /* as much noise as keeps the ratio below a hundred */
        if (i % 1024 < 24)
            bytes[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
    assert_fails(b,
                 parse_archive(b,
                               (const item[]){{"m/data.pkl", object, sizeof object - 1, false},
                                              {"m/data/0", bytes, size, true}},
                               2),
                 CAIRN_INPUT, "unpacks to too much");
    assert_fails(b, parse_archive(b, (const item[]){{"m/data.pkl", bytes, size, true}}, 1), CAIRN_INPUT,
                 "data.pkl is too long");
    free(bytes);
}

/* The first of two entries is not silently the one that counts. */
static void refuses_entries_of_one_name(void **state)
{
    bench *b = *state;
    size_t size;
    uint8_t *bytes = fixture(b, "zip.pth", &size);
    int renamed = 0;
    for (uint8_t *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), "zip/data/1", 10)) != NULL;
         at += 10)
        if (memcmp(at + 10, "PK", 2) == 0 || at[10] < ' ') { /* not those of two digits */
            at[9] = '0';
            renamed++;
        }
    assert_true(renamed > 0);
    assert_fails(b, parse(b, bytes, size), CAIRN_INPUT, "entry 'zip/data/0' is there twice");
    cairn_free(b->ctx, bytes);
}

/* What a length begins with is not a format's signature if JSON follows it. */
static void a_short_header_is_no_pickle(void **state)
{
    bench *b = *state;
    assert_fails(b, parse(b, "\x80\2\0\0\0\0\0\0{\"a\":1}", 15), CAIRN_INPUT,
                 "not a safetensors file, or cut short");
}

/* Puts bytes in place of others, as many, wherever they are. */
static int put_for(uint8_t *bytes, size_t size, const char *old, const char *new, size_t length)
{
    int count = 0;
    for (uint8_t *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), old, length)) != NULL; count++)
        memcpy(at, new, length);
    return count;
}

/* libzip shows a NUL as a space: a space is a name's good right. */
static void names_with_a_nul(void **state)
{
    bench *b = *state;
    size_t size;
    uint8_t *bytes = fixture(b, "zip.pth", &size);
    assert_true(put_for(bytes, size, "zip/version", "zip/vers on", 11) > 0);
    assert_int_equal(parse(b, bytes, size), CAIRN_OK);
    assert_true(put_for(bytes, size, "zip/vers on", "zip/vers\0on", 11) > 0);
    assert_fails(b, parse(b, bytes, size), CAIRN_INPUT, "a name with a NUL in it");
    cairn_free(b->ctx, bytes);
}

static void finds_damage_by_its_sum(void **state)
{
    bench *b = *state;
    size_t size;
    uint8_t *bytes = fixture(b, "zip.pth", &size);
    const float first = -2.25f;
    uint8_t *at = memmem(bytes, size, &first, sizeof first);
    assert_non_null(at);
    *at ^= 1;
    assert_fails(b, parse(b, bytes, size), CAIRN_INPUT, "tensor 'f32': its bytes are damaged");
    cairn_free(b->ctx, bytes);
}

/* Every prefix is refused; no flipped bit does harm. */
static void damaged_files(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"zip.pth", "stream.pth", "deflated.pth"};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        size_t size;
        uint8_t *bytes = fixture(b, names[i], &size);
        for (size_t n = 0; n < size; n++)
            assert_int_equal(parse(b, bytes, n), CAIRN_INPUT);
        for (size_t n = 0; n < size; n++) {
            bytes[n] ^= (uint8_t)(1 << n % 8);
            cairn_status status = parse(b, bytes, size);
            assert_true(status == CAIRN_OK || status == CAIRN_INPUT);
            bytes[n] ^= (uint8_t)(1 << n % 8);
        }
        cairn_free(b->ctx, bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_every_form),
        TEST(reads_types_of_version_3),
        TEST(unwraps_checkpoints),
        TEST(names_what_it_cannot_read),
        TEST(K1_archives),
        TEST(K1_archives_that_unpack_to_too_much),
        TEST(refuses_entries_of_one_name),
        TEST(a_short_header_is_no_pickle),
        TEST(finds_damage_by_its_sum),
        TEST(names_with_a_nul),
        TEST(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
