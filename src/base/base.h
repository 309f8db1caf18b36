/* What every layer stands on: the context's inside, errors, memory and checked sizes. */
#ifndef CAIRN_BASE_H
#define CAIRN_BASE_H

#include <cairn/context.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAIRN_ERROR_BYTES 500
#define CAIRN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct cairn_pool;

struct cairn_ctx {
    cairn_allocator allocator;
    cairn_log_fn log;
    void *log_user;
    cairn_host_threads host;
    int threads;
    bool crowded;            /* more threads than cores: idle ones must not spin */
    struct cairn_pool *pool; /* started on first use */
    char error[CAIRN_ERROR_BYTES];
};

/* Stores the message and returns the status, so that a failure is one line:
 *     return cairn_fail(ctx, CAIRN_INPUT, "%s: ...", path);
 * Control bytes and invalid UTF-8 in the text are escaped. ctx may be NULL. */
cairn_status cairn_fail(cairn_ctx *ctx, cairn_status status, const char *format, ...) CAIRN_PRINTF(3, 4);
cairn_status cairn_fail_memory(cairn_ctx *ctx, size_t bytes);
void cairn_log(cairn_ctx *ctx, cairn_log_level level, const char *format, ...) CAIRN_PRINTF(3, 4);

/* Memory through the context's hook. cairn_alloc gives zeroed memory. NULL when there is none; the
 * error text is set. Aligned blocks are for tensors: 64 bytes, huge pages asked for when large, not zeroed:
 * who fills them touches their pages first, from all threads where it is much. */
void *cairn_alloc(cairn_ctx *ctx, size_t count, size_t size);
void *cairn_resize(cairn_ctx *ctx, void *ptr, size_t count, size_t size);
void cairn_free(cairn_ctx *ctx, void *ptr);
char *cairn_strdup(cairn_ctx *ctx, const char *text);
void *cairn_alloc_aligned(cairn_ctx *ctx, size_t bytes);
void cairn_free_aligned(cairn_ctx *ctx, void *ptr);

/* The only arithmetic on sizes that come from outside: false when the result would overflow. */
static inline bool cairn_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}
static inline bool cairn_size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline size_t cairn_align(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}
static inline int64_t cairn_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}
/* Where part number `part` of so many begins, into which `count` things are divided as evenly as they go. */
static inline int64_t cairn_part_begin(int64_t count, int64_t part, int64_t parts)
{
    return count * part / parts;
}
static inline int64_t cairn_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t cairn_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
