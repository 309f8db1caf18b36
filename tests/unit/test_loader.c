/* The loader with files and augmentation: the same batches for any threads and after any start, broken
 * pictures replaced and counted, and training with everything on that is interrupted. */
#include "tiny.h"

#include "train/loader.h"
#include <sys/stat.h>

#define SIDE 48
#define GOOD 12 /* pictures of each of two classes */
#define INPUT ((size_t)SIDE * SIDE * 3)

static const cairn_preprocess chain = {.resize = SIDE + 8,
                                       .crop = SIDE,
                                       .channels = 3,
                                       .mean = {0.5f, 0.5f, 0.5f},
                                       .std = {0.25f, 0.25f, 0.25f}};

static uint8_t *read_photo(bench *b, const char *name, size_t *size)
{
    char path[512];
    uint8_t *bytes;
    snprintf(path, sizeof path, "%s/augment/%s", CAIRN_TEST_DATA, name);
    if (cairn_file_read(b->ctx, path, 1 << 20, &bytes, size) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    return bytes;
}

/* Breaks a sound file in one of seven ways. */
static void put_broken(const char *path, int way, const uint8_t *bytes, size_t size)
{
    static const char page[] = "<html><body>404</body></html>", gif[] = "GIF89a and so on";
    uint8_t header[64];
    memcpy(header, bytes, sizeof header); /* and nothing behind */
    unlink(path);
    switch (way) {
    case 0:
        bench_put(path, bytes, size / 2);
        break;
    case 1:
        bench_put(path, "", 0);
        break;
    case 2:
        bench_put(path, page, sizeof page);
        break;
    case 3:
        bench_put(path, gif, sizeof gif);
        break;
    case 4:
        bench_put(path, header, sizeof header);
        break;
    case 5:
        assert_int_equal(symlink("nowhere", path), 0);
        break;
    default:
        assert_int_equal(mkfifo(path, 0600), 0);
    }
}

/* Pictures in two classes for training and two for validation; of those for training `broken` more are
 * broken. */
static void put_folder(bench *b, int broken)
{
    static const char *const photos[] = {"photo-420.jpg", "photo-444.jpg", "photo-grey.jpg",
                                         "photo-progressive.jpg"};
    for (int class = 0; class < 2; class ++)
        for (int i = 0; i < GOOD + (class == 1 ? broken : 0); i++)
            for (int val = 0; val < (i < 3 ? 2 : 1); val++) {
                char name[64];
                size_t size;
                uint8_t *bytes = read_photo(b, photos[(2 * i + class) % 4], &size);
                snprintf(name, sizeof name, "photos/%s/%d", val ? "val" : "train", class);
                assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, name)), CAIRN_OK);
                snprintf(name, sizeof name, "photos/%s/%d/%03d.jpg", val ? "val" : "train", class, i);
                if (i < GOOD)
                    bench_put(bench_path(b, name), bytes, size);
                else
                    put_broken(bench_path(b, name), (i - GOOD) % 7, bytes, size);
                cairn_free(b->ctx, bytes);
            }
}

static cairn_dataset *open_folder(bench *b)
{
    cairn_dataset *set;
    if (cairn_dataset_open(b->ctx, bench_path(b, "photos"), NULL, &set) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    return set;
}

typedef struct pass {
    float pixels[(2 * GOOD + 8) * INPUT];
    int32_t labels[2 * GOOD + 8];
    int64_t samples[2 * GOOD + 8];
    float lambda[2 * GOOD + 8];
} pass;

/* All batches of an epoch from position `first` on. */
static void read_pass(cairn_ctx *ctx, const cairn_loader_options *options, int64_t first, int64_t count,
                      pass *into)
{
    cairn_loader *loader;
    int64_t order[2 * GOOD + 8];
    for (int64_t i = 0; i < count; i++)
        order[i] = (i * 5 + 3) % count;
    assert_int_equal(cairn_loader_create(ctx, options, &loader), CAIRN_OK);
    assert_int_equal(cairn_loader_start(loader, order, first, count, 3), CAIRN_OK);
    int64_t done = first;
    for (int n = -1; n != 0; done += n) {
        if (cairn_loader_next(loader, into->pixels + (size_t)done * INPUT, into->labels + done,
                              into->samples + done, &n) != CAIRN_OK)
            fail_msg("%s", cairn_error(ctx));
        for (int i = 0; i < n; i++)
            into->lambda[done + i] = cairn_loader_mix(loader)->lambda;
    }
    assert_int_equal(done, count);
    assert_true(cairn_loader_waited(loader) > 0);
    cairn_loader_destroy(loader);
}

static void threads_and_starts_change_no_bit(void **state)
{
    bench *b = *state;
    static pass expected, found;
    int64_t count = 2 * GOOD + 7;
    put_folder(b, 7); /* in seven ways */
    cairn_dataset *set = open_folder(b);
    cairn_augment augment;
    assert_int_equal(
        cairn_augment_parse(b->ctx, "rrc,flip,jitter=0.4:0.4:0.4:0.1,lighting,erase=0.5,mixup=0.4,cutmix",
                            &augment),
        CAIRN_OK);
    cairn_loader_options options = {.dataset = set,
                                    .split = CAIRN_TRAIN,
                                    .preprocess = &chain,
                                    .augment = &augment,
                                    .floats = true,
                                    .seed = 11,
                                    .h = SIDE,
                                    .w = SIDE,
                                    .c = 3,
                                    .batch = 5,
                                    .broken = CAIRN_BROKEN_REPLACED,
                                    .max_bad = 0.05};
    read_pass(b->ctx, &options, 0, count, &expected);
    assert_int_equal(b->warnings, 7);
    for (int64_t i = 0; i < count; i++)
        assert_true(expected.labels[i] == 0 || expected.labels[i] == 1);
    static const int loaders[] = {0, 1, 2, 7}, threads[] = {1, 3};
    for (size_t k = 0; k < CAIRN_COUNT(loaders) * CAIRN_COUNT(threads); k++) {
        cairn_ctx *ctx;
        cairn_ctx_options o = {.threads = threads[k % 2]};
        assert_int_equal(cairn_ctx_create(&o, &ctx), CAIRN_OK);
        options.threads = loaders[k / 2];
        memset(&found, 0, sizeof found);
        int64_t first = 5 * (int64_t)(k % 4);
        read_pass(ctx, &options, first, count, &found);
        assert_memory_equal(found.pixels + (size_t)first * INPUT, expected.pixels + (size_t)first * INPUT,
                            (size_t)(count - first) * INPUT * sizeof(float));
        assert_memory_equal(found.labels + first, expected.labels + first,
                            (size_t)(count - first) * sizeof(int32_t));
        assert_memory_equal(found.samples + first, expected.samples + first,
                            (size_t)(count - first) * sizeof(int64_t));
        assert_memory_equal(found.lambda + first, expected.lambda + first,
                            (size_t)(count - first) * sizeof(float));
        cairn_ctx_destroy(ctx);
    }
    cairn_dataset_close(set);
}

/* Without augmentation floats are the network's own normalisation of the bytes, whatever order of channels.
 */
static void floats_are_bytes_normalised(void **state)
{
    bench *b = *state;
    put_folder(b, 0);
    cairn_dataset *set = open_folder(b);
    static float numbers[3 * INPUT];
    static uint8_t bytes[3 * INPUT];
    int32_t labels[3];
    int n;
    for (int bgr = 0; bgr < 2; bgr++) {
        cairn_preprocess p = chain;
        p.bgr = bgr == 1;
        for (int floats = 0; floats < 2; floats++) {
            cairn_loader *loader;
            cairn_loader_options options = {.dataset = set,
                                            .split = CAIRN_TEST,
                                            .preprocess = &p,
                                            .floats = floats == 1,
                                            .h = SIDE,
                                            .w = SIDE,
                                            .c = 3,
                                            .batch = 3};
            assert_int_equal(cairn_loader_create(b->ctx, &options, &loader), CAIRN_OK);
            assert_int_equal(cairn_loader_start(loader, NULL, 0, 3, 0), CAIRN_OK);
            assert_int_equal(cairn_loader_next(loader, floats ? (void *)numbers : bytes, labels, NULL, &n),
                             CAIRN_OK);
            cairn_loader_destroy(loader);
        }
        for (size_t i = 0; i < 3 * INPUT; i++)
            assert_true(numbers[i] == ((float)bytes[i] / 255 - 0.5f) / 0.25f);
    }
    cairn_dataset_close(set);
}

/* Two epochs over all pictures for training; after an error the next batch gives it again. */
static cairn_status load_twice(bench *b, const cairn_dataset *set, int threads, cairn_broken *known)
{
    static uint8_t pixels[8 * INPUT];
    cairn_augment augment = {.flip = 0.5};
    int32_t labels[8];
    int n;
    cairn_loader *loader;
    cairn_loader_options options = {.dataset = set,
                                    .split = CAIRN_TRAIN,
                                    .preprocess = &chain,
                                    .augment = &augment,
                                    .h = SIDE,
                                    .w = SIDE,
                                    .c = 3,
                                    .batch = 8,
                                    .threads = threads,
                                    .broken = CAIRN_BROKEN_REPLACED,
                                    .known = known,
                                    .max_bad = 0.05};
    int64_t count = cairn_dataset_about(set)->count[CAIRN_TRAIN];
    cairn_status status = CAIRN_OK;
    assert_int_equal(cairn_loader_create(b->ctx, &options, &loader), CAIRN_OK);
    for (uint32_t epoch = 0; epoch < 2 && status == CAIRN_OK; epoch++) {
        assert_int_equal(cairn_loader_start(loader, NULL, 0, count, epoch), CAIRN_OK);
        do
            status = cairn_loader_next(loader, pixels, labels, NULL, &n);
        while (status == CAIRN_OK && n > 0);
    }
    assert_int_equal(cairn_loader_next(loader, pixels, labels, NULL, &n), status);
    cairn_loader_destroy(loader);
    return status;
}

static const char eleven[] = "is a GIF picture, not supported: convert it to PNG or JPEG (11 of 35 pictures "
                             "could not be read so far; at most 10 may be broken)";

/* Ten broken ones are always forgiven, each is named once, and the eleventh is the end. */
static void too_many_broken_pictures_are_the_end(void **state)
{
    bench *b = *state;
    for (int broken = 10; broken <= 11; broken++) {
        put_folder(b, broken);
        cairn_dataset *set = open_folder(b);
        assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TRAIN], 2 * GOOD + broken);
        for (int threads = 0; threads < 3; threads++) {
            b->warnings = 0;
            cairn_status status = load_twice(b, set, threads, NULL);
            assert_int_equal(b->warnings, 10);
            if (broken == 10)
                assert_int_equal(status, CAIRN_OK);
            else
                assert_fails(b, status, CAIRN_INPUT, eleven);
        }
        cairn_dataset_close(set);
    }
}

/* What another loader has named counts, and is not named again. */
static void broken_pictures_that_are_known_count(void **state)
{
    bench *b = *state;
    cairn_broken known = {0};
    put_folder(b, 10);
    cairn_dataset *set = open_folder(b);
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(load_twice(b, set, turn, &known), CAIRN_OK);
        assert_int_equal(known.count, 10);
        assert_int_equal(b->warnings, 10);
    }
    for (int64_t i = 1; i < known.count; i++)
        assert_true(known.index[i] > known.index[i - 1]);
    cairn_dataset_close(set);
    put_folder(b, 11);
    set = open_folder(b);
    assert_fails(b, load_twice(b, set, 1, &known), CAIRN_INPUT, eleven);
    assert_int_equal(b->warnings, 10);
    cairn_broken_free(b->ctx, &known);
    cairn_dataset_close(set);
}

/* ---- training with everything on ---- */

static cairn_train_settings augmented(bench *b, const char *out)
{
    cairn_train_settings settings = tiny_settings(b, out);
    settings.augment = "pad=2,flip,jitter=0.3,erase=0.5,mixup=0.4,cutmix";
    return settings;
}

static bool on_stop(void *user)
{
    int *left = user;
    return --*left == 0;
}

static void interrupted_with_augmentation_it_ends_in_the_same_bits(void **state)
{
    bench *b = *state;
    cairn_train_settings settings = augmented(b, "whole"), plain = tiny_settings(b, "plain");
    assert_int_equal(cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_OK);
    assert_int_equal(cairn_train(b->ctx, &plain, NULL, NULL), CAIRN_OK);
    char x[CAIRN_SHA256_TEXT], y[CAIRN_SHA256_TEXT];
    tiny_hash(b, "whole/weights/last.safetensors", x);
    tiny_hash(b, "plain/weights/last.safetensors", y);
    assert_string_not_equal(x, y);
    for (int stop_at = 1; stop_at <= TINY_STEPS * TINY_EPOCHS + 2; stop_at++) {
        char out[32], name[64];
        int left = stop_at;
        cairn_train_hooks hooks = {.stop = on_stop, .user = &left};
        snprintf(out, sizeof out, "cut-%d", stop_at);
        settings = augmented(b, out);
        settings.loaders = stop_at % 3;
        assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED);
        tiny_threads(b, 1 + stop_at % 3);
        assert_int_equal(cairn_train_resume(b->ctx, bench_path(b, out), NULL, NULL), CAIRN_OK);
        snprintf(name, sizeof name, "%s/weights/last.safetensors", out);
        assert_same_file(b, "whole/weights/last.safetensors", name);
        snprintf(name, sizeof name, "%s/checkpoints/step-000009/train.safetensors", out);
        assert_same_file(b, "whole/checkpoints/step-000009/train.safetensors", name);
    }
}

static void broken_pictures_are_named_once_in_an_interrupted_run(void **state)
{
    bench *b = *state;
    put_folder(b, 7);
    for (int stop_at = 1; stop_at <= 9; stop_at += 2) { /* of the 4 batches and 1 of evaluation in an epoch */
        char out[32];
        int left = stop_at;
        cairn_train_hooks hooks = {.stop = on_stop, .user = &left};
        snprintf(out, sizeof out, "cut-%d", stop_at);
        cairn_train_settings settings = tiny_settings(b, out);
        settings.data = bench_path(b, "photos");
        settings.batch = 8;
        settings.epochs = 2;
        settings.warmup = 0;
        settings.max_bad = 0.05f;
        settings.loaders = stop_at % 3;
        b->warnings = 0;
        assert_fails(b, cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED, "interrupted");
        if (cairn_train_resume(b->ctx, bench_path(b, out), NULL, NULL) != CAIRN_OK)
            fail_msg("%s", cairn_error(b->ctx));
        assert_int_equal(b->warnings, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_and_starts_change_no_bit),
        TEST(floats_are_bytes_normalised),
        TEST(too_many_broken_pictures_are_the_end),
        TEST(broken_pictures_that_are_known_count),
        TINY(broken_pictures_are_named_once_in_an_interrupted_run),
        TINY(interrupted_with_augmentation_it_ends_in_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
