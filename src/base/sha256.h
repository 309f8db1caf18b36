/* SHA-256 (FIPS 180-4). */
#ifndef CAIRN_SHA256_H
#define CAIRN_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define CAIRN_SHA256_BYTES 32
#define CAIRN_SHA256_TEXT 65 /* as hexadecimal digits, with the NUL */

typedef struct cairn_sha256 {
    uint32_t state[8];
    uint64_t size;     /* bytes so far */
    uint8_t block[64]; /* what does not fill a block yet */
} cairn_sha256;

void cairn_sha256_begin(cairn_sha256 *sha);
void cairn_sha256_add(cairn_sha256 *sha, const void *data, size_t size);
void cairn_sha256_end(cairn_sha256 *sha, uint8_t digest[CAIRN_SHA256_BYTES]);

/* Of one piece of memory, as lower-case hexadecimal. */
void cairn_sha256_hex(const void *data, size_t size, char text[CAIRN_SHA256_TEXT]);
void cairn_sha256_text(const uint8_t digest[CAIRN_SHA256_BYTES], char text[CAIRN_SHA256_TEXT]);

#endif
