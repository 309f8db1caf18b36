/* Names what a file is by its first bytes, never by its name. */
#ifndef CAIRN_SNIFF_H
#define CAIRN_SNIFF_H

#include <stddef.h>

/* First bytes that cairn_sniff wants to see. */
#define CAIRN_SNIFF_BYTES 512

typedef struct cairn_signature {
    size_t offset, size;
    const char *bytes;
    const char *what; /* the end of an error message: "a GIF picture: convert it to PNG" */
} cairn_signature;

/* What the bytes are according to a reader's table, or one of the things that come instead of any file (a
 * git-lfs pointer, an HTML page, nothing at all); NULL when nothing is recognised. */
const char *cairn_sniff(const cairn_signature *table, size_t count, const void *bytes, size_t size);

#endif
