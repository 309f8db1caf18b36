/* Files that are read where they lie, through the memory's pages. */
#ifndef CAIRN_MAP_H
#define CAIRN_MAP_H

#include "base/base.h"

typedef struct cairn_map {
    char *path;
    const uint8_t *bytes;
    size_t size;
} cairn_map;

/* Only for reading. An empty file is mapped as no bytes. CAIRN_IO, CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_map_open(cairn_ctx *ctx, const char *path, cairn_map *map);
void cairn_map_close(cairn_ctx *ctx, cairn_map *map);

/* To be asked before bytes are looked at: pages behind the end of a file that was cut in the meantime would
 * end the process. CAIRN_INPUT when it was. */
cairn_status cairn_map_check(cairn_ctx *ctx, const cairn_map *map);

#endif
