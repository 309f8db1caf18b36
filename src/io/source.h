/* Where a file's bytes come from: the file, or memory that holds it. */
#ifndef CAIRN_IO_SOURCE_H
#define CAIRN_IO_SOURCE_H

#include "base/file.h"
#include <cairn/weights.h>

typedef struct cairn_source {
    cairn_ctx *ctx;
    const char *name; /* begins messages */
    uint64_t size;
    const uint8_t *bytes;   /* NULL: the file */
    const cairn_file *file; /* NULL: the bytes */
    bool leave;             /* tensors may stay in the file, which is kept open */
} cairn_source;

/* Bytes that lie within the size. */
cairn_status cairn_source_read(const cairn_source *from, uint64_t offset, void *data, size_t size);

/* Where a tensor's first `elements` elements lie as they are in memory; filled in: how many of them are not
 * finite and, if asked for, the CRC-32 of their bytes. */
typedef struct cairn_source_part {
    uint64_t offset;
    size_t elements;
    const cairn_tensor *tensor;
    bool summed;
    size_t not_finite;
    uint32_t sum;
} cairn_source_part;

/* Reads all parts, on all threads. */
cairn_status cairn_source_read_parts(const cairn_source *from, cairn_source_part *parts, size_t count);

#endif
