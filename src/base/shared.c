/* The hook behind a lock. */
#include "base/shared.h"

static void *resize_locked(void *user, void *ptr, size_t size)
{
    cairn_shared_memory *shared = user;
    pthread_mutex_lock(&shared->lock);
    void *block = shared->ctx->allocator.resize(shared->ctx->allocator.user, ptr, size);
    pthread_mutex_unlock(&shared->lock);
    return block;
}

void cairn_shared_begin(cairn_shared_memory *shared, cairn_ctx *ctx)
{
    shared->ctx = ctx;
    pthread_mutex_init(&shared->lock, NULL);
}

void cairn_shared_end(cairn_shared_memory *shared)
{
    pthread_mutex_destroy(&shared->lock);
}

cairn_ctx cairn_shared_ctx(cairn_shared_memory *shared)
{
    return (cairn_ctx){.allocator = {resize_locked, shared}, .threads = 1};
}
