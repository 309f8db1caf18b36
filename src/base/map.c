/* Mapped files, and what is done when one of them is cut. */
#include "base/map.h"
#include "base/file.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- pages that are gone ---- */

/* A mapped range, in a list that handlers of faults read without a lock. */
typedef struct cairn_map_guard {
    uintptr_t begin, end;
    atomic_bool cut; /* some of it has been replaced by zeros */
    _Atomic(struct cairn_map_guard *) next;
} guard;

static _Atomic(guard *) guards;
static atomic_int readers;                               /* handlers that are in the list */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of changes to it */
static uintptr_t page_bytes;

static bool put_zeros(guard *g, uintptr_t at)
{
    uintptr_t page = at - at % page_bytes;
    atomic_store(&g->cut, true);
    return mmap((void *)page, g->end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}

bool cairn_map_fault(const void *address)
{
    uintptr_t at = (uintptr_t)address;
    int error = errno;
    bool done = false;
    atomic_fetch_add(&readers, 1);
    for (guard *g = atomic_load(&guards); g != NULL && !done; g = atomic_load(&g->next))
        done = g->begin <= at && at < g->end && put_zeros(g, at);
    atomic_fetch_sub(&readers, 1);
    errno = error;
    return done;
}

static void add_guard(guard *g, const uint8_t *bytes, size_t size)
{
    g->begin = (uintptr_t)bytes;
    g->end = g->begin + size;
    pthread_mutex_lock(&lock);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    atomic_store(&g->next, atomic_load(&guards));
    atomic_store(&guards, g);
    pthread_mutex_unlock(&lock);
}

/* Afterwards nobody looks at it. */
static void remove_guard(guard *g)
{
    pthread_mutex_lock(&lock);
    _Atomic(guard *) *link = &guards;
    while (atomic_load(link) != g)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&g->next));
    while (atomic_load(&readers) > 0)
        sched_yield();
    pthread_mutex_unlock(&lock);
}

/* ---- maps ---- */

static cairn_status map_bytes(cairn_ctx *ctx, const cairn_file *file, cairn_map *map)
{
    size_t size = (size_t)file->size;
    guard *g = cairn_alloc(ctx, 1, sizeof *g);
    if (g == NULL)
        return CAIRN_MEMORY;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (bytes == MAP_FAILED) {
        int error = errno;
        cairn_free(ctx, g);
        return cairn_fail(ctx, error == ENOMEM ? CAIRN_MEMORY : CAIRN_IO, "%s: cannot map: %s", file->path,
                          cairn_errno_text(error));
    }
    *map = (cairn_map){.bytes = bytes, .size = size, .guard = g};
    add_guard(g, bytes, size);
    return CAIRN_OK;
}

cairn_status cairn_map_open(cairn_ctx *ctx, const char *path, cairn_map *map)
{
    cairn_file file;
    *map = (cairn_map){0};
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    if (file.size > 0)
        status = map_bytes(ctx, &file, map);
    if (status == CAIRN_OK) {
        map->path = file.path;
        file.path = NULL;
    }
    cairn_file_close(&file); /* the pages stay; a descriptor for each of many shards would be too many */
    return status;
}

void cairn_map_close(cairn_ctx *ctx, cairn_map *map)
{
    if (map->guard != NULL) {
        remove_guard(map->guard);
        munmap((void *)(uintptr_t)map->bytes, map->size);
    }
    cairn_free(ctx, map->guard);
    cairn_free(ctx, map->path);
    *map = (cairn_map){0};
}

cairn_status cairn_map_check(cairn_ctx *ctx, const cairn_map *map)
{
    struct stat now;
    if (stat(map->path, &now) == 0 && (uint64_t)now.st_size < map->size)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: was cut to %lld bytes while it was in use (expected %zu)",
                          map->path, (long long)now.st_size, map->size);
    if (map->guard != NULL && atomic_load(&map->guard->cut))
        return cairn_fail(
            ctx, CAIRN_INPUT,
            "%s: could not be read while it was in use (cut for a time, or a fault of the disk)", map->path);
    return CAIRN_OK;
}
