/* Fuzz target: the walk through a tar archive. */
#include "data/tar.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cairn_ctx *ctx = fuzz_ctx();
    cairn_tar tar = {.ctx = ctx, .path = "fuzz", .bytes = bytes, .size = size};
    cairn_tar_entry entry;
    bool end = false;
    cairn_status status = CAIRN_OK;
    while (status == CAIRN_OK && !end) {
        status = cairn_tar_next(&tar, &entry, &end);
        if (status == CAIRN_OK && !end && (entry.offset > size || entry.size > size - entry.offset))
            abort(); /* outside of the archive */
    }
    fuzz_check(status);
    cairn_ctx_destroy(ctx);
    return 0;
}

#ifndef CAIRN_LIBFUZZER
#define BLOCK 512

/* A pax record with a name, and the file that it is for. */
static const uint8_t *fuzz_seed(size_t *size)
{
    static uint8_t seed[6 * BLOCK];
    static const char *const names[] = {"pax", "1.jpg"};
    static const char *const contents[] = {"16 path=a/b.jpg\n", "bytes of a file"};
    for (int i = 0; i < 2; i++) {
        uint8_t *header = seed + (size_t)i * 2 * BLOCK;
        unsigned sum = 0;
        memset(header, 0, 2 * (size_t)BLOCK);
        snprintf((char *)header, 100, "%s", names[i]);
        snprintf((char *)header + 124, 12, "%011zo", strlen(contents[i]));
        header[156] = i == 0 ? 'x' : '0';
        memcpy(header + 257, "ustar", 6);
        memset(header + 148, ' ', 8);
        for (int k = 0; k < BLOCK; k++)
            sum += header[k];
        snprintf((char *)header + 148, 8, "%06o", sum);
        memcpy(header + BLOCK, contents[i], strlen(contents[i]));
    }
    *size = sizeof seed;
    return seed;
}
#endif
