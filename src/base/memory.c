/* Memory through the context's hook, and aligned blocks for tensors. */
#include "base/base.h"
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define CACHE_LINE ((size_t)64)

void *cairn_resize(cairn_ctx *ctx, void *ptr, size_t count, size_t size)
{
    size_t bytes;
    if (!cairn_size_mul(count, size, &bytes)) {
        cairn_fail(ctx, CAIRN_MEMORY, "out of memory: %zu elements of %zu bytes were needed", count, size);
        return NULL;
    }
    void *block = ctx->allocator.resize(ctx->allocator.user, ptr, bytes == 0 ? 1 : bytes);
    if (block == NULL)
        cairn_fail_memory(ctx, bytes);
    return block;
}

void *cairn_alloc(cairn_ctx *ctx, size_t count, size_t size)
{
    void *block = cairn_resize(ctx, NULL, count, size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void cairn_free(cairn_ctx *ctx, void *ptr)
{
    if (ptr != NULL)
        ctx->allocator.resize(ctx->allocator.user, ptr, 0);
}

char *cairn_strdup(cairn_ctx *ctx, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = cairn_resize(ctx, NULL, bytes, 1);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

/* The hook's block is remembered just before the aligned address. */
void *cairn_alloc_aligned(cairn_ctx *ctx, size_t bytes)
{
    size_t alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
    size_t total;
    if (!cairn_size_add(bytes, alignment + sizeof(void *), &total)) {
        cairn_fail_memory(ctx, bytes);
        return NULL;
    }
    char *block = cairn_resize(ctx, NULL, total, 1);
    if (block == NULL)
        return NULL;
    uintptr_t start = (uintptr_t)block + sizeof(void *);
    char *aligned = block + sizeof(void *) + (alignment - start % alignment) % alignment;
    memcpy(aligned - sizeof(void *), &block, sizeof block);
    if (alignment == HUGE_PAGE)
        (void)madvise(aligned, bytes / HUGE_PAGE * HUGE_PAGE,
                      MADV_HUGEPAGE); /* a wish; small pages work too */
    return aligned;
}

void cairn_free_aligned(cairn_ctx *ctx, void *ptr)
{
    if (ptr == NULL)
        return;
    void *block;
    memcpy(&block, (char *)ptr - sizeof(void *), sizeof block);
    cairn_free(ctx, block);
}
