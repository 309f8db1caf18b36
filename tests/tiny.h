/* A data set that is tiny but can be learned, and short runs on it: for tests of training. */
#ifndef CAIRN_TESTS_TINY_H
#define CAIRN_TESTS_TINY_H

#include "support.h"

#include "base/rng.h"
#include "base/sha256.h"
#include <cairn/train.h>

#define TINY_TRAIN 22
#define TINY_TEST 12
#define TINY_CLASSES 10
#define TINY_SIDE 28
#define TINY_BATCH 8
#define TINY_STEPS 3 /* of an epoch; the last has 6 images */
#define TINY_EPOCHS 3

/* The context anew, with that many threads and no warning counted. */
static inline void tiny_threads(bench *b, int threads)
{
    cairn_ctx_destroy(b->ctx);
    b->warnings = 0;
    b->last_warning[0] = '\0';
    cairn_ctx_options options = {.threads = threads, .log = bench_log, .log_user = b};
    assert_int_equal(cairn_ctx_create(&options, &b->ctx), CAIRN_OK);
}

/* Images: noise with a bright row whose place is the class. Labels: 0, 1, ..., 9, 0, ... */
static inline void tiny_write(bench *b, const char *name, int count, bool images, uint64_t seed)
{
    size_t item = images ? TINY_SIDE * TINY_SIDE : 1, header = images ? 16 : 8;
    uint8_t *bytes = calloc(header + (size_t)count * item, 1);
    assert_non_null(bytes);
    bytes[2] = 8;
    bytes[3] = images ? 3 : 1;
    bytes[7] = (uint8_t)count;
    if (images)
        bytes[11] = bytes[15] = TINY_SIDE;
    cairn_rng rng = cairn_rng_at(seed, CAIRN_STREAM_USER, 0, 0, 0, 0);
    for (size_t i = 0; i < (size_t)count * item; i++) {
        uint32_t words[4];
        cairn_rng_block(&rng, (uint32_t)i, words);
        size_t label = i / item % TINY_CLASSES;
        bool bright = i % item / TINY_SIDE == 4 + 2 * label;
        bytes[header + i] = (uint8_t)(!images ? label : bright ? 200 + words[0] % 50 : words[0] % 60);
    }
    bench_put(bench_path(b, name), bytes, header + (size_t)count * item);
    free(bytes);
}

static inline int tiny_setup(void **state)
{
    if (bench_setup(state) != 0)
        return -1;
    bench *b = *state;
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "digits")), CAIRN_OK);
    tiny_write(b, "digits/train-images-idx3-ubyte", TINY_TRAIN, true, 1);
    tiny_write(b, "digits/train-labels-idx1-ubyte", TINY_TRAIN, false, 0);
    tiny_write(b, "digits/t10k-images-idx3-ubyte", TINY_TEST, true, 2);
    tiny_write(b, "digits/t10k-labels-idx1-ubyte", TINY_TEST, false, 0);
    return 0;
}

static inline cairn_dataset *tiny_open(bench *b)
{
    cairn_dataset *set;
    assert_int_equal(cairn_dataset_open(b->ctx, bench_path(b, "digits"), NULL, &set), CAIRN_OK);
    return set;
}

/* Every setting that changes results is on. */
static inline cairn_train_settings tiny_settings(bench *b, const char *out)
{
    return (cairn_train_settings){.model = "lenet5",
                                  .data = bench_path(b, "digits"),
                                  .out = bench_path(b, out),
                                  .epochs = TINY_EPOCHS,
                                  .batch = TINY_BATCH,
                                  .lr = 0.05f,
                                  .momentum = 0.9f,
                                  .weight_decay = 1e-4f,
                                  .label_smoothing = 0.1f,
                                  .nesterov = 1,
                                  .schedule = "cosine",
                                  .warmup = 1,
                                  .seed = 7};
}

/* Hash of a file, by its name below the test's folder. */
static inline void tiny_hash(bench *b, const char *name, char hash[CAIRN_SHA256_TEXT])
{
    uint8_t *data;
    size_t size;
    if (cairn_file_read(b->ctx, bench_path(b, name), (size_t)1 << 26, &data, &size) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    cairn_sha256_hex(data, size, hash);
    cairn_free(b->ctx, data);
}

static inline void assert_same_file(bench *b, const char *x, const char *y)
{
    char hash_x[CAIRN_SHA256_TEXT], hash_y[CAIRN_SHA256_TEXT];
    tiny_hash(b, x, hash_x);
    tiny_hash(b, y, hash_y);
    if (strcmp(hash_x, hash_y) != 0)
        fail_msg("%s and %s differ", x, y);
}

#define TINY(function) cmocka_unit_test_setup_teardown(function, tiny_setup, bench_teardown)

#endif
