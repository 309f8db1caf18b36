/* Fuzz target: the reader of safetensors. */
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
static const uint8_t *fuzz_seed(size_t *size)
{
    static const char seed[] = "\x8d\0\0\0\0\0\0\0"
                               "{\"__metadata__\":{\"format\":\"pt\"},"
                               "\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                               "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}} "
                               "01234567abc";
    *size = sizeof seed - 1;
    return (const uint8_t *)seed;
}
#endif
