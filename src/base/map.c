/* Mapped files. */
#include "base/map.h"
#include "base/file.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

cairn_status cairn_map_open(cairn_ctx *ctx, const char *path, cairn_map *map)
{
    cairn_file file;
    *map = (cairn_map){0};
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    size_t size = (size_t)file.size;
    if (size > 0) {
        void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, file.fd, 0);
        if (bytes == MAP_FAILED)
            status = cairn_fail(ctx, errno == ENOMEM ? CAIRN_MEMORY : CAIRN_IO, "%s: cannot map: %s", path,
                                cairn_errno_text(errno));
        else
            map->bytes = bytes;
    }
    if (status == CAIRN_OK) {
        map->path = file.path;
        map->size = size;
        file.path = NULL;
    }
    cairn_file_close(&file); /* the pages stay; a descriptor for each of many shards would be too many */
    return status;
}

void cairn_map_close(cairn_ctx *ctx, cairn_map *map)
{
    if (map->bytes != NULL)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    cairn_free(ctx, map->path);
    *map = (cairn_map){0};
}

cairn_status cairn_map_check(cairn_ctx *ctx, const cairn_map *map)
{
    struct stat now;
    if (stat(map->path, &now) == 0 && (uint64_t)now.st_size < map->size)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: was cut to %lld bytes while it was in use (expected %zu)",
                          map->path, (long long)now.st_size, map->size);
    return CAIRN_OK;
}
