/* Fuzz target: the reader of IDX files, plain and gzip. */
#include "data/idx.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cairn_ctx *ctx = fuzz_ctx();
    for (int rank = 1; rank <= 3; rank += 2) {
        cairn_idx idx;
        fuzz_check(cairn_idx_parse(ctx, "fuzz", bytes, size, rank, &idx));
        cairn_idx_free(ctx, &idx);
    }
    cairn_ctx_destroy(ctx);
    return 0;
}

#ifndef CAIRN_LIBFUZZER
/* Three labels, as gzip stores them. */
static const uint8_t *fuzz_seed(size_t *size)
{
    static const uint8_t seed[] = {
        31, 139, 8, 0, 0, 0, 0, 0, 0, 3,   1,   11, 0,   244, 255, 0, 0,
        8,  1,   0, 0, 0, 3, 7, 8, 9, 173, 152, 10, 186, 11,  0,   0, 0,
    };
    *size = sizeof seed;
    return seed;
}
#endif
