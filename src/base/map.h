/* Files that are read where they lie, through the memory's pages. Pages that a file has lost because somebody
 * cut it end the process with SIGBUS, unless a handler of that signal asks cairn_map_fault. */
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

/* Of the address of a fault: if it is in a map, there are zeros from now on. Async-signal-safe. */
bool cairn_map_fault(const void *address);

/* To be asked when bytes were looked at: whether they were those of the file. CAIRN_INPUT when it was cut, or
 * when zeros took the place of something. Asking before as well leaves less to a handler, or to luck. */
cairn_status cairn_map_check(cairn_ctx *ctx, const cairn_map *map);

#endif
