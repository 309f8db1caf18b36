/* Tar archives (POSIX ustar, pax and GNU long names), read where they are mapped. */
#ifndef CAIRN_DATA_TAR_H
#define CAIRN_DATA_TAR_H

#include "base/map.h"

#define CAIRN_TAR_NAME_BYTES 1024

/* One file of an archive. */
typedef struct cairn_tar_entry {
    char name[CAIRN_TAR_NAME_BYTES];
    uint64_t offset, size;
} cairn_tar_entry;

/* A walk through an archive; begin with offset 0. */
typedef struct cairn_tar {
    cairn_ctx *ctx;
    const char *path; /* for messages */
    const uint8_t *bytes;
    size_t size;
    uint64_t offset;
} cairn_tar;

/* The next regular file; *end is true behind the last. CAIRN_INPUT when the archive is damaged. */
cairn_status cairn_tar_next(cairn_tar *tar, cairn_tar_entry *entry, bool *end);

#endif
