/* Files of torch.save: every form and kind of tensor (tests/data/torch, made by tests/tools/make_torch.py),
 * and row K1 of malformed input: pickles built by hand, damaged archives. */
#include "support.h"

#include "io/weights.h"
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

/* From memory, where a sanitizer sees the end of the bytes, as from the file. */
static cairn_status parse(bench *b, const void *bytes, size_t size)
{
    cairn_weights *weights;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    cairn_status status = cairn_weights_parse(b->ctx, "test", copy, size, &weights);
    assert_true((status == CAIRN_OK) == (weights != NULL));
    cairn_weights_destroy(weights);
    free(copy);
    return status;
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

/* ---- pickles by hand: the stream form, where they follow each other ---- */

#define MAGIC "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3.\x80\2}."
#define STORAGE(type, key, elements) "(U\7storagec" type "\nU\1" key "U\3cpu" elements "NtQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
/* A tensor of the storage "0" of two floats: offset, sizes, strides. */
#define TENSOR(offset, sizes, strides)                                                                       \
    REBUILD "(" STORAGE("torch\nFloatStorage", "0", "K\2") offset sizes strides "\x89)tR"
#define DICT(value) "\x80\2}X\1\0\0\0a" value "s."
#define KEYS "\x80\2](U\0010e."
#define NO_KEYS "\x80\2]."
#define TWO "K\2\x85"
#define ONE "K\1\x85"
static const char data[] = "\2\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40";

/* Magic number, object, keys, and a storage of two floats. */
static cairn_status parse_stream(bench *b, const char *object, size_t object_size, const char *keys,
                                 size_t keys_size)
{
    char bytes[4096];
    size_t used = sizeof MAGIC - 1;
    assert_true(used + object_size + keys_size + sizeof data < sizeof bytes);
    memcpy(bytes, MAGIC, used);
    memcpy(bytes + used, object, object_size);
    used += object_size;
    memcpy(bytes + used, keys, keys_size);
    used += keys_size;
    memcpy(bytes + used, data, sizeof data - 1);
    return parse(b, bytes, used + sizeof data - 1);
}
#define STREAM(b, object) parse_stream(b, object, sizeof(object) - 1, KEYS, sizeof(KEYS) - 1)

static void reads_streams_by_hand(void **state)
{
    bench *b = *state;
    assert_int_equal(STREAM(b, DICT(TENSOR("K\0", TWO, ONE))), CAIRN_OK);
    assert_int_equal(STREAM(b, DICT(TENSOR("K\1", ONE, ONE))), CAIRN_OK);
    assert_int_equal(STREAM(b, DICT(TENSOR("K\0", ")", ")"))), CAIRN_OK);
    /* strings, lists of pairs and module names of Python 2 */
    assert_int_equal(STREAM(b, "\x80\2c__builtin__\ndict\n(](U\1a" TENSOR("K\0", TWO, ONE) "letR."),
                     CAIRN_INPUT);
    assert_int_equal(
        STREAM(b, "\x80\2ccollections\nOrderedDict\n](]U\1aa" TENSOR("K\0", TWO, ONE) "ae\x85R."), CAIRN_OK);
    assert_int_equal(b->warnings, 0);
}

static void K1_views_beyond_their_storage(void **state)
{
    bench *b = *state;
    const char *what = "tensor 'a': reaches beyond its storage";
    assert_fails(b, STREAM(b, DICT(TENSOR("K\1", TWO, ONE))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", TWO, TWO))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\2", ONE, ONE))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", "K\3\x85", ONE))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", TWO, ONE))),
                 CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", TWO, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"))),
                 CAIRN_INPUT, what);
    /* where a side is 1 there is nothing to step to, whatever the file says */
    assert_int_equal(
        STREAM(b, DICT(TENSOR("K\0", "K\2K\1\x86", "K\1\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86"))),
        CAIRN_OK);
    what = "tensor 'a': is not described as expected";
    assert_fails(b, STREAM(b, DICT(TENSOR("J\xff\xff\xff\xff", TWO, ONE))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", "J\xff\xff\xff\xff\x85", ONE))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", TWO, ")"))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", TWO, "N"))), CAIRN_INPUT, what);
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", "(K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1t"))), CAIRN_INPUT,
                 "too many dimensions");
    /* 2^31 elements of stride 0 */
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", "(J\xff\xff\xff\x7fK\1t", "(K\0K\0t"))), CAIRN_INPUT,
                 "claims, with those before it, more");
    assert_fails(b, STREAM(b, DICT(TENSOR("K\0", "(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft", "(K\0K\0t"))),
                 CAIRN_INPUT, "shape overflows");
}

/* A file that would make another one in Python. */
static void K1_runs_nothing(void **state)
{
    bench *b = *state;
    const char *path = bench_path(b, "ran");
    char object[1024] = "\x80\2}(U\1a" TENSOR("K\0", TWO, ONE) "U\1bcposix\nsystem\n(U";
    size_t used = sizeof "\x80\2}(U\1a" TENSOR("K\0", TWO, ONE) "U\1bcposix\nsystem\n(U" - 1;
    object[used++] = (char)(strlen(path) + 6);
    used += (size_t)snprintf(object + used, sizeof object - used, "touch %stRu.", path);
    assert_int_equal(parse_stream(b, object, used, KEYS, sizeof(KEYS) - 1), CAIRN_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_non_null(strstr(b->last_warning, "leaves out objects of posix.system"));
}

static void K1_other_globals_are_left_out(void **state)
{
    bench *b = *state;
    assert_int_equal(
        STREAM(b, "\x80\2}(X\1\0\0\0a" TENSOR("K\0", TWO, ONE) "U\1bcposix\nsystem\n(U\4truetRu."), CAIRN_OK);
    assert_int_equal(b->warnings, 3); /* no tensor, would run, left out */
    static const char module[] = "\x80\2cposix\nsystem\n(U\4truetR.",
                      item[] = DICT("cos\nsystem\n(U\4truetR");
    assert_fails(b, parse_stream(b, module, sizeof module - 1, NO_KEYS, sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "contains a pickled module (posix.system)");
    assert_fails(b, parse_stream(b, item, sizeof item - 1, NO_KEYS, sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "holds no tensors");
}

static void refuses_damaged_pickles(void **state)
{
    bench *b = *state;
    static const struct {
        const char *object;
        size_t size;
        const char *piece;
    } cases[] = {
#define CASE(object, piece) {object, sizeof(object) - 1, piece}
        CASE("\x80\2}U\1aK\1s", "opcode 0x02"), /* no STOP: what follows is read on */
        CASE("\x80\6}.", "unknown protocol"),
        CASE("\x80\2I1\n.", "opcode 0x49 is not supported"),
        CASE("\x80\2(ios\nsystem\n.", "opcode 0x69 is not supported"),
        CASE("\x80\2.", "a value is missing on the stack"),
        CASE("\x80\2(.", "a value is missing on the stack"),
        CASE("\x80\2t.", "a mark is missing"),
        CASE("\x80\2h\7.", "not remembered"),
        CASE("\x80\2Nr\xff\xff\xff\xff.", "remembers too much"),
        CASE("\x80\2X\xff\xff\xff\xff.", "is cut short"),
        CASE("\x80\2X\xff\xff\0\0.", "is cut short"),
        CASE("\x80\2\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "is cut short"),
        CASE("\x80\2K\1K\2s.", "a value is missing"),
        CASE("\x80\2NK\1K\2s.", "does not take them"),
        CASE("\x80\2}(K\1u.", "does not take them"),
        CASE("\x80\2]q\0h\0a.", "a container holds itself"),
        CASE("\x80\2cos\nsystem\nK\1R.", "arguments are no tuple"),
        CASE("\x80\2K\1Q.", "persistent id is no tuple"),
        CASE("\x80\2U\4junkK\1\x86Q.", "neither a storage nor a module"),
#undef CASE
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++)
        assert_fails(b, parse_stream(b, cases[i].object, cases[i].size, KEYS, sizeof(KEYS) - 1), CAIRN_INPUT,
                     cases[i].piece);
    assert_fails(b, STREAM(b, "\x80\2" TENSOR("K\0", TWO, ONE) "."), CAIRN_INPUT, "holds a single tensor");
    assert_fails(b, parse_stream(b, "\x80\2K\1.", 5, NO_KEYS, sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "holds no state dict");
    assert_fails(b, parse_stream(b, "\x80\2}.", 4, NO_KEYS, sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "holds no tensors");
    char deep[256] = "\x80\2";
    memset(deep + 2, ']', 100);
    memset(deep + 102, 'a', 99);
    deep[201] = '.';
    assert_fails(b, parse_stream(b, deep, 202, KEYS, sizeof(KEYS) - 1), CAIRN_INPUT, "nested too deeply");
}

static void refuses_wrong_storages(void **state)
{
    bench *b = *state;
    const char object[] = DICT(TENSOR("K\0", TWO, ONE)),
               large[] = DICT(REBUILD "(" STORAGE("torch\nFloatStorage", "0", "K\3") "K\0" TWO ONE "\x89)tR");
    size_t size = sizeof object - 1;
    assert_fails(b, parse_stream(b, object, size, NO_KEYS, sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "storage '0' is missing");
    assert_fails(b, parse_stream(b, object, size, "\x80\2](U\0011e.", 9), CAIRN_INPUT, "no tensor has");
    assert_fails(b, parse_stream(b, object, size, "\x80\2](U\0010U\0010e.", 12), CAIRN_INPUT, "one twice");
    assert_fails(b, parse_stream(b, object, size, "\x80\2N.", 4), CAIRN_INPUT, "list of storages is none");
    assert_fails(b, parse_stream(b, large, sizeof large - 1, KEYS, sizeof(KEYS) - 1), CAIRN_INPUT,
                 "is cut short");
    assert_fails(b,
                 STREAM(b, DICT(REBUILD "(" STORAGE("torch\nFloatStorage", "0",
                                                    "J\xff\xff\xff\x7f") "K\0" TWO ONE "\x89)tR")),
                 CAIRN_INPUT, "does not fit in the file");
    assert_fails(b, STREAM(b, DICT(REBUILD "(" STORAGE("os\nsystem", "0", "K\2") "K\0" TWO ONE "\x89)tR")),
                 CAIRN_INPUT, "a storage is not described as expected");
    assert_fails(b, STREAM(b, "\x80\2}(U\1a" TENSOR("K\0", TWO, ONE) "U\1a" TENSOR("K\0", TWO, ONE) "u."),
                 CAIRN_INPUT, "tensor 'a' is there twice");
    assert_fails(b, STREAM(b, "\x80\2}U\2a\0" TENSOR("K\0", TWO, ONE) "s."), CAIRN_INPUT,
                 "a NUL in its name");
    assert_fails(b, STREAM(b, "\x80\2}U\2a\xff" TENSOR("K\0", TWO, ONE) "s."), CAIRN_INPUT,
                 "test: tensor 'a\\xff': its name is not UTF-8");
}

/* A small file cannot make many values: a megabyte of empty lists is refused. */
static void limits_values(void **state)
{
    bench *b = *state;
    size_t size = 4 << 20, begin = sizeof MAGIC - 1;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, ']', size);
    memcpy(bytes, MAGIC, begin);
    memcpy(bytes + begin, "\x80\2", 2);
    assert_fails(b, parse(b, bytes, size), CAIRN_INPUT, "the stack is too high");
    for (size_t i = begin + 2; i + 1 < size; i += 2)
        memcpy(bytes + i, "]0", 2);
    bytes[size - 1] = ']';
    assert_int_equal(parse(b, bytes, size),
                     CAIRN_INPUT); /* 2 M values of 16 bytes are fine; then the end is missing */
    free(bytes);
}

/* 20,001 entries of a state dict, none of them a tensor. */
static void limits_entries(void **state)
{
    bench *b = *state;
    size_t count = 20001, begin = sizeof MAGIC - 1, size = begin + 4 + 3 * count + 2;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, MAGIC, begin);
    memcpy(bytes + begin, "\x80\2}(", 4);
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + begin + 4 + 3 * i, "K\1N", 3);
    memcpy(bytes + size - 2, "u.", 2);
    char *all = malloc(size + sizeof(NO_KEYS) - 1);
    assert_non_null(all);
    memcpy(all, bytes, size);
    memcpy(all + size, NO_KEYS, sizeof(NO_KEYS) - 1);
    assert_fails(b, parse(b, all, size + sizeof(NO_KEYS) - 1), CAIRN_INPUT,
                 "the state dict is too long (expected at most 20000 entries)");
    free(bytes);
    free(all);
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
        TEST(reads_streams_by_hand),
        TEST(K1_views_beyond_their_storage),
        TEST(K1_runs_nothing),
        TEST(K1_other_globals_are_left_out),
        TEST(refuses_damaged_pickles),
        TEST(refuses_wrong_storages),
        TEST(limits_values),
        TEST(K1_archives),
        TEST(limits_entries),
        TEST(K1_archives_that_unpack_to_too_much),
        TEST(refuses_entries_of_one_name),
        TEST(a_short_header_is_no_pickle),
        TEST(finds_damage_by_its_sum),
        TEST(names_with_a_nul),
        TEST(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
