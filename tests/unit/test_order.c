/* Epoch order, running sums, and the loader that follows the order. */
#include "tiny.h"
#include "train/loader.h"
#include "train/metrics.h"
#include "train/order.h"
#include <math.h>

#define COUNT 1000

static void order_of(cairn_ctx *ctx, uint64_t seed, uint32_t epoch, int64_t order[COUNT])
{
    assert_int_equal(cairn_epoch_order(ctx, seed, epoch, COUNT, order), CAIRN_OK);
}

static void an_order_is_a_permutation(void **state)
{
    bench *b = *state;
    int64_t order[COUNT];
    bool seen[COUNT] = {false};
    order_of(b->ctx, 3, 5, order);
    int64_t fixed = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_true(order[i] >= 0 && order[i] < COUNT && !seen[order[i]]);
        seen[order[i]] = true;
        fixed += order[i] == i;
    }
    assert_true(fixed < 10); /* one is expected of a random permutation */
}

static void an_order_is_sorted_by_its_keys(void **state)
{
    bench *b = *state;
    int64_t order[COUNT];
    order_of(b->ctx, UINT64_C(0x123456789abcdef0), 2, order);
    uint64_t before = 0;
    for (int i = 0; i < COUNT; i++) {
        uint32_t words[4];
        cairn_rng rng =
            cairn_rng_at(UINT64_C(0x123456789abcdef0), CAIRN_STREAM_SHUFFLE, 0, 0, (uint64_t)order[i], 2);
        cairn_rng_block(&rng, 0, words);
        uint64_t key = (uint64_t)words[1] << 32 | words[0];
        assert_true(i == 0 || before < key);
        before = key;
    }
}

static void seed_and_epoch_change_the_order(void **state)
{
    bench *b = *state;
    int64_t x[COUNT], y[COUNT];
    order_of(b->ctx, 1, 0, x);
    order_of(b->ctx, 1, 0, y);
    assert_memory_equal(x, y, sizeof x);
    order_of(b->ctx, 1, 1, y);
    assert_memory_not_equal(x, y, sizeof x);
    order_of(b->ctx, 2, 0, y);
    assert_memory_not_equal(x, y, sizeof x);
    assert_int_equal(cairn_epoch_order(b->ctx, 1, 0, 0, y), CAIRN_OK);
}

/* ---- loader ---- */

static cairn_preprocess padding(int pad)
{
    return (cairn_preprocess){
        .resize = TINY_SIDE, .crop = TINY_SIDE, .pad = pad, .pad_value = 9, .channels = 1, .std = {1}};
}

static void read_all(cairn_ctx *ctx, const cairn_loader_options *options, const int64_t *order, int64_t first,
                     uint8_t *pixels, int32_t *labels, int64_t *samples, int64_t expected)
{
    cairn_loader *loader;
    size_t size = (size_t)options->h * (size_t)options->w;
    assert_int_equal(cairn_loader_create(ctx, options, &loader), CAIRN_OK);
    for (int pass = 0; pass < 2; pass++) { /* the second one begins while the first is unfinished */
        assert_int_equal(cairn_loader_start(loader, order, first, TINY_TRAIN, 0), CAIRN_OK);
        int64_t done = 0;
        int n;
        do {
            assert_int_equal(
                cairn_loader_next(loader, pixels + (size_t)done * size, labels + done, samples + done, &n),
                CAIRN_OK);
            done += n;
        } while (n > 0 && pass == 1);
        assert_true(pass == 0 || done == expected);
    }
    cairn_loader_destroy(loader);
}

static void batches_are_the_same_with_and_without_a_thread(void **state)
{
    bench *b = *state;
    cairn_dataset *set = tiny_open(b);
    int64_t order[TINY_TRAIN], samples[2][TINY_TRAIN];
    int32_t labels[2][TINY_TRAIN];
    static uint8_t pixels[2][TINY_TRAIN * 32 * 32];
    assert_int_equal(cairn_epoch_order(b->ctx, 1, 0, TINY_TRAIN, order), CAIRN_OK);
    cairn_preprocess pad = padding(2);
    for (int batch = 1; batch <= TINY_TRAIN + 1; batch++) {
        for (int thread = 0; thread < 2; thread++) {
            cairn_loader_options options = {.dataset = set,
                                            .split = CAIRN_TRAIN,
                                            .preprocess = &pad,
                                            .h = 32,
                                            .w = 32,
                                            .c = 1,
                                            .batch = batch,
                                            .threads = 2 * thread};
            read_all(b->ctx, &options, order, 3, pixels[thread], labels[thread], samples[thread],
                     TINY_TRAIN - 3);
        }
        assert_memory_equal(pixels[0], pixels[1], (TINY_TRAIN - 3) * 32 * 32);
        assert_memory_equal(labels[0], labels[1], (TINY_TRAIN - 3) * sizeof labels[0][0]);
        assert_memory_equal(samples[0], order + 3, (TINY_TRAIN - 3) * sizeof order[0]);
    }
    uint8_t raw[TINY_SIDE * TINY_SIDE];
    int label;
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, order[3], raw, &label, NULL), CAIRN_OK);
    assert_int_equal(labels[0][0], label);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            bool inside = y >= 2 && y < 30 && x >= 2 && x < 30;
            assert_int_equal(pixels[0][y * 32 + x], inside ? raw[(y - 2) * TINY_SIDE + x - 2] : 9);
        }
    cairn_dataset_close(set);
}

static void a_chain_that_misses_the_input_size_is_refused(void **state)
{
    bench *b = *state;
    cairn_dataset *set = tiny_open(b);
    cairn_preprocess pad = padding(1);
    cairn_loader_options options = {.dataset = set, .preprocess = &pad, .h = 32, .w = 32, .c = 1, .batch = 4};
    cairn_loader *loader;
    assert_int_equal(cairn_loader_create(b->ctx, &options, &loader), CAIRN_INPUT);
    assert_null(loader);
    assert_non_null(strstr(cairn_error(b->ctx), "expected 32x32"));
    cairn_dataset_close(set);
}

static void pictures_of_other_sizes_are_resampled(void **state)
{
    bench *b = *state;
    cairn_dataset *set = tiny_open(b);
    cairn_preprocess squash = {.resize = 40, .squash = true, .channels = 1, .std = {1}};
    cairn_loader_options options = {
        .dataset = set, .preprocess = &squash, .h = 40, .w = 40, .c = 1, .batch = 1};
    cairn_loader *loader;
    assert_int_equal(cairn_loader_create(b->ctx, &options, &loader), CAIRN_OK);
    assert_int_equal(cairn_loader_start(loader, NULL, 0, 1, 0), CAIRN_OK);
    uint8_t raw[TINY_SIDE * TINY_SIDE], pixels[40 * 40];
    int32_t label;
    int n, truth;
    assert_int_equal(cairn_loader_next(loader, pixels, &label, NULL, &n), CAIRN_OK);
    assert_int_equal(n, 1);
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, 0, raw, &truth, NULL), CAIRN_OK);
    cairn_picture from = {TINY_SIDE, TINY_SIDE, 1, raw}, to;
    assert_int_equal(cairn_picture_resize(b->ctx, &from, 40, 40, CAIRN_BILINEAR, CAIRN_PASS_H, &to),
                     CAIRN_OK);
    assert_memory_equal(pixels, to.data, sizeof pixels);
    cairn_picture_free(b->ctx, &to);
    cairn_loader_destroy(loader);
    cairn_dataset_close(set);
}

/* ---- metrics ---- */

static void hits_are_counted_by_rank(void **unused)
{
    (void)unused;
    static const float logits[] = {
        5,   4, 3, 2, 1, 0, -1, /* truth 0: first */
        5,   4, 3, 2, 1, 0, -1, /* truth 4: fifth */
        5,   4, 3, 2, 1, 0, -1, /* truth 5: sixth */
        1,   1, 1, 1, 1, 1, 1,  /* truth 1: the first of equals wins */
        NAN, 9, 0, 0, 0, 0, 0   /* truth 1: what is not a number comes first */
    };
    static const float losses[] = {1, 2, 3, 4, 0.5f};
    static const int32_t labels[] = {0, 4, 5, 1, 1};
    cairn_tally whole = {0}, parts = {0};
    cairn_tally_add(&whole, 5, 7, logits, losses, labels);
    cairn_tally_add(&parts, 2, 7, logits, losses, labels);
    cairn_tally_add(&parts, 3, 7, logits + 14, losses + 2, labels + 2);
    assert_memory_equal(&whole, &parts, sizeof whole);
    assert_int_equal(whole.images, 5);
    assert_int_equal(whole.top1, 1);
    assert_int_equal(whole.top5, 4);
    assert_true(cairn_tally_loss(&whole) == 10.5 / 5);
    assert_true(cairn_tally_top1(&whole) == 20.0);
    assert_true(cairn_tally_top5(&whole) == 80.0);
    cairn_tally none = {0};
    assert_true(cairn_tally_loss(&none) == 0 && cairn_tally_top1(&none) == 0);
    assert_int_equal(cairn_answer(logits + 21, 7), 0);
    assert_int_equal(cairn_answer(logits, 7), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(an_order_is_a_permutation),
        TINY(an_order_is_sorted_by_its_keys),
        TINY(seed_and_epoch_change_the_order),
        TINY(batches_are_the_same_with_and_without_a_thread),
        TINY(a_chain_that_misses_the_input_size_is_refused),
        TINY(pictures_of_other_sizes_are_resampled),
        cmocka_unit_test(hits_are_counted_by_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
