/* Pickles of torch.save by hand, as the stream in which they follow each other: row K1 of malformed input,
 * damage, limits. */
#include "torch_files.h"

#define MAGIC "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3.\x80\2}."
#define STORAGE(type, key, elements) "(U\7storagec" type "\nU\1" key "U\3cpu" elements "NtQ"
/* A tensor of the storage "0" of two floats: offset, sizes, strides. */
#define TENSOR(offset, sizes, strides)                                                                       \
    REBUILD "(" STORAGE("torch\nFloatStorage", "0", "K\2") offset sizes strides "\x89)tR"
#define DICT(value) "\x80\2}X\1\0\0\0a" value "s."
#define KEYS "\x80\2](U\0010e."
#define NO_KEYS "\x80\2]."

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_streams_by_hand),   TEST(K1_views_beyond_their_storage),
        TEST(K1_runs_nothing),         TEST(K1_other_globals_are_left_out),
        TEST(refuses_damaged_pickles), TEST(refuses_wrong_storages),
        TEST(limits_values),           TEST(limits_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
