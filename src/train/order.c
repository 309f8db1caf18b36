/* Epoch order: every index has a random key of its own, and the keys are sorted. Unlike a Fisher-Yates
 * shuffle, no index's place depends on a history of draws. */
#include "train/order.h"
#include "base/rng.h"

#define DIGIT_BITS 8
#define DIGITS (1 << DIGIT_BITS)

typedef struct entry {
    uint64_t key;
    int64_t index;
} entry;

/* One pass of a radix sort. It is stable, so entries of equal keys stay in the order of their indices. */
static void sort_by_digit(const entry *from, entry *to, int64_t count, int shift)
{
    int64_t start[DIGITS] = {0};
    for (int64_t i = 0; i < count; i++)
        start[from[i].key >> shift & (DIGITS - 1)]++;
    int64_t sum = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        int64_t here = start[digit];
        start[digit] = sum;
        sum += here;
    }
    for (int64_t i = 0; i < count; i++)
        to[start[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

cairn_status cairn_epoch_order(cairn_ctx *ctx, uint64_t seed, uint32_t epoch, int64_t count, int64_t *order)
{
    size_t n = (size_t)count;
    entry *entries = cairn_alloc(ctx, n, 2 * sizeof *entries);
    if (entries == NULL)
        return CAIRN_MEMORY;
    entry *other = entries + n;
    for (int64_t i = 0; i < count; i++) {
        cairn_rng rng = cairn_rng_at(seed, CAIRN_STREAM_SHUFFLE, 0, 0, (uint64_t)i, epoch);
        uint32_t words[4];
        cairn_rng_block(&rng, 0, words);
        entries[i] = (entry){(uint64_t)words[1] << 32 | words[0], i};
    }
    for (int shift = 0; shift < 64; shift += 2 * DIGIT_BITS) {
        sort_by_digit(entries, other, count, shift);
        sort_by_digit(other, entries, count, shift + DIGIT_BITS);
    }
    for (int64_t i = 0; i < count; i++)
        order[i] = entries[i].index;
    cairn_free(ctx, entries);
    return CAIRN_OK;
}
