/* The context: hooks, error text, number of threads. */
#include "base/base.h"
#include "base/cpu.h"
#include "base/text.h"
#include "base/threads.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *default_resize(void *user, void *ptr, size_t size)
{
    (void)user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

int cairn_available_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > CAIRN_MAX_THREADS ? CAIRN_MAX_THREADS : count;
}

/* The whole text as a number between 1 and the limit, or 0. */
static int parse_thread_count(const char *text)
{
    int value = 0;
    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        value = value * 10 + (*text - '0');
        if (value > CAIRN_MAX_THREADS)
            return 0;
    }
    return value;
}

static cairn_status choose_threads(cairn_ctx *ctx, int wanted)
{
    if (ctx->host.count > 0) {
        ctx->threads = ctx->host.count;
        return CAIRN_OK;
    }
    if (wanted < 0 || wanted > CAIRN_MAX_THREADS)
        return cairn_fail(ctx, CAIRN_USAGE, "threads: expected 1 to %d, found %d", CAIRN_MAX_THREADS, wanted);
    const char *environment = getenv("CAIRN_THREADS");
    if (wanted == 0 && environment != NULL) {
        wanted = parse_thread_count(environment);
        if (wanted == 0)
            return cairn_fail(ctx, CAIRN_USAGE, "CAIRN_THREADS: expected 1 to %d, found '%s'",
                              CAIRN_MAX_THREADS, environment);
    }
    ctx->threads = wanted == 0 ? cairn_available_cores() : wanted;
    ctx->crowded = ctx->threads > cairn_available_cores();
    return CAIRN_OK;
}

cairn_status cairn_ctx_create(const cairn_ctx_options *options, cairn_ctx **result)
{
    cairn_allocator allocator = {default_resize, NULL};
    if (options != NULL && options->allocator.resize != NULL)
        allocator = options->allocator;
    *result = NULL;
    cairn_ctx *ctx = allocator.resize(allocator.user, NULL, sizeof *ctx);
    if (ctx == NULL)
        return CAIRN_MEMORY;
    memset(ctx, 0, sizeof *ctx);
    ctx->allocator = allocator;
    if (options != NULL) {
        ctx->log = options->log;
        ctx->log_user = options->log_user;
        ctx->host = options->host;
    }
    *result = ctx; /* even on failure, so that the text can be read; the caller destroys it */
    return choose_threads(ctx, options == NULL ? 0 : options->threads);
}

void cairn_ctx_destroy(cairn_ctx *ctx)
{
    if (ctx == NULL)
        return;
    cairn_pool_destroy(ctx);
    ctx->allocator.resize(ctx->allocator.user, ctx, 0);
}

const char *cairn_error(const cairn_ctx *ctx)
{
    return ctx->error;
}

int cairn_threads(const cairn_ctx *ctx)
{
    return ctx->threads;
}

const char *cairn_version(void)
{
    return CAIRN_VERSION;
}

const char *cairn_isa_name(void)
{
    return cairn_isa_text(cairn_isa_level());
}

/* Copies text so that a terminal cannot be harmed by names that came from outside. */
static void escape(char *to, size_t size, const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t used = 0;
    while (*p != '\0') {
        size_t length = cairn_utf8_length((const char *)p, strnlen((const char *)p, 4));
        bool control = *p < 0x20 || *p == 0x7F || (length == 2 && *p == 0xC2 && p[1] < 0xA0);
        size_t need = length > 0 && !control ? length : 4;
        if (used + need >= size)
            break;
        if (need == length && !control)
            memcpy(to + used, p, length);
        else
            snprintf(to + used, size - used, "\\x%02x", *p);
        used += need;
        p += length > 0 && !control ? length : 1;
    }
    to[used] = '\0';
}

cairn_status cairn_fail(cairn_ctx *ctx, cairn_status status, const char *format, ...)
{
    if (ctx == NULL)
        return status;
    char text[CAIRN_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    escape(ctx->error, sizeof ctx->error, text);
    return status;
}

cairn_status cairn_fail_memory(cairn_ctx *ctx, size_t bytes)
{
    return cairn_fail(ctx, CAIRN_MEMORY, "out of memory: %zu bytes were needed", bytes);
}

void cairn_log(cairn_ctx *ctx, cairn_log_level level, const char *format, ...)
{
    if (ctx == NULL || ctx->log == NULL)
        return;
    char text[CAIRN_ERROR_BYTES], line[CAIRN_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    escape(line, sizeof line, text);
    ctx->log(ctx->log_user, level, line);
}
