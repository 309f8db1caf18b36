/* Fuzz target: the decoders of pictures, with EXIF, and the preprocessing of what they give. */
#include "replay.h"
#include <cairn/data.h>

#define MOST_PIXELS 1000000 /* larger ones are only slower */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const cairn_preprocess chain = {
        .resize = 16, .crop = 14, .pad = 1, .channels = 1, .filter = CAIRN_BICUBIC};
    cairn_ctx *ctx = fuzz_ctx();
    cairn_decode_options options = {.exif = true, .max_pixels = MOST_PIXELS};
    cairn_picture picture, input = {0};
    cairn_status status = cairn_picture_decode(ctx, "fuzz", bytes, size, &options, &picture);
    fuzz_check(status);
    if (status == CAIRN_OK)
        fuzz_check(cairn_preprocess_apply(ctx, &chain, &picture, &input));
    cairn_picture_free(ctx, &picture);
    cairn_picture_free(ctx, &input);
    cairn_ctx_destroy(ctx);
    return 0;
}

#ifndef CAIRN_LIBFUZZER
/* A PNG of 2 x 2 pixels with a palette. */
static const uint8_t *fuzz_seed(size_t *size)
{
    static const uint8_t seed[] = {
        137, 80, 78, 71,  13, 10,  26, 10,  0,   0,   0,  13, 73, 72, 68, 82,  0,   0,   0,  2,  0,   0,
        0,   2,  8,  3,   0,  0,   0,  69,  104, 253, 22, 0,  0,  0,  6,  80,  76,  84,  69, 1,  2,   3,
        4,   5,  6,  149, 83, 111, 72, 0,   0,   0,   12, 73, 68, 65, 84, 120, 156, 99,  96, 96, 4,   66,
        0,   0,  12, 0,   3,  43,  99, 203, 80,  0,   0,  0,  0,  73, 69, 78,  68,  174, 66, 96, 130,
    };
    *size = sizeof seed;
    return seed;
}
#endif
