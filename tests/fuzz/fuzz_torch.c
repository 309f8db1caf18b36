/* Fuzz target: the reader of PyTorch's files, streams and archives. */
#include "io/weights.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cairn_ctx *ctx = fuzz_ctx();
    cairn_weights *weights;
    fuzz_check(cairn_weights_parse(ctx, "fuzz", bytes, size, &weights));
    cairn_weights_destroy(weights);
    cairn_ctx_destroy(ctx);
    return 0;
}

#ifndef CAIRN_LIBFUZZER
/* A stream: of an archive, sums would refuse nearly every mutation before its pickle is read. */
static const uint8_t *fuzz_seed(size_t *size)
{
    static uint8_t seed[1 << 14];
    FILE *file = fopen(CAIRN_TEST_DATA "/torch/stream.pth", "rb");
    if (file == NULL)
        abort();
    *size = fread(seed, 1, sizeof seed, file);
    fclose(file);
    return seed;
}
#endif
