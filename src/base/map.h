/* Files that are read where they lie, through the memory's pages. Pages that a file has lost because somebody
 * cut it would end the process with SIGBUS. A map therefore installs a handler of that signal, which puts
 * zeros in their place and leaves all other faults to the handler that was there before. */
#ifndef CAIRN_MAP_H
#define CAIRN_MAP_H

#include "base/base.h"

typedef struct cairn_map {
    char *path;
    const uint8_t *bytes;
    size_t size;
    struct cairn_map_guard *guard; /* NULL where there are no bytes */
} cairn_map;

/* Only for reading. An empty file is mapped as no bytes. CAIRN_IO, CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_map_open(cairn_ctx *ctx, const char *path, cairn_map *map);
void cairn_map_close(cairn_ctx *ctx, cairn_map *map);

/* To be asked when bytes were looked at: whether they were those of the file. CAIRN_INPUT when it was cut. */
cairn_status cairn_map_check(cairn_ctx *ctx, const cairn_map *map);

#endif
