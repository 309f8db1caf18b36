/* The pictures of one part of a data set, however they are stored: decoded in memory, as files, or in
 * archives that are mapped. */
#ifndef CAIRN_DATA_PART_H
#define CAIRN_DATA_PART_H

#include "base/map.h"
#include <cairn/data.h>

/* Where a picture lies in an archive. */
typedef struct cairn_member {
    uint64_t offset, size;
    int32_t archive;
    int32_t h, w; /* of bytes that need no decoding, red, green, blue; 0: a JPEG or another file */
} cairn_member;

typedef struct cairn_part {
    int64_t count;
    uint8_t *pixels;       /* count pictures of the set's h x w x c; NULL: files or members */
    char **names;          /* of files: their paths; of members: what messages call them */
    cairn_member *members; /* NULL: files */
    cairn_map *archives;
    int archive_count;
    int32_t *labels;
} cairn_part;

void cairn_part_free(cairn_ctx *ctx, cairn_part *part);

/* A picture as it is stored. */
typedef struct cairn_stored {
    const char *name;
    const uint8_t *bytes; /* of a file, or of h x w x c pixels */
    size_t size;
    int h, w, c; /* 0: to be decoded */
    uint8_t *own;
    const cairn_map *archive; /* NULL: the bytes are in memory */
} cairn_stored;

/* `whole` has the size and channels of pictures in memory. For cairn_stored_free, whatever the result.
 * CAIRN_IO, CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_part_fetch(cairn_ctx *ctx, const cairn_part *part, int64_t at, const cairn_picture *whole,
                              cairn_stored *stored);
/* To be asked when the bytes were looked at, with what came of it: CAIRN_INPUT, whatever it was, if they were
 * not those of the archive because it was cut; else the status. */
cairn_status cairn_stored_check(cairn_ctx *ctx, const cairn_stored *stored, cairn_status status);
void cairn_stored_free(cairn_ctx *ctx, cairn_stored *stored);

#endif
