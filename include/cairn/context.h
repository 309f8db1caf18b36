/* The context: what the library borrows from its host (memory, log, progress, threads) and the text
 * of the last error. There is no other state; two contexts know nothing of each other.
 * A context, and what was made with it, is used by one thread at a time. */
#ifndef CAIRN_CONTEXT_H
#define CAIRN_CONTEXT_H

#include <cairn/status.h>
#include <stddef.h>
#include <stdint.h>

CAIRN_BEGIN

typedef struct cairn_ctx cairn_ctx;

/* Memory hook. resize(user, NULL, size) allocates, resize(user, ptr, 0) frees and returns NULL,
 * otherwise it reallocates. Blocks are aligned for any C type. Returns NULL when there is no memory;
 * the call that asked then ends with CAIRN_MEMORY. */
typedef struct cairn_allocator {
    void *(*resize)(void *user, void *ptr, size_t size);
    void *user;
} cairn_allocator;

typedef enum cairn_log_level { CAIRN_LOG_DEBUG, CAIRN_LOG_INFO, CAIRN_LOG_WARNING } cairn_log_level;

/* Log hook: one line of UTF-8 without newline. */
typedef void (*cairn_log_fn)(void *user, cairn_log_level level, const char *line);

/* Threads of the host. run() calls task(arg, i) for i = 0 .. count-1 and returns when all are done.
 * All of them MUST run at the same time, each on a thread of its own, since they meet at barriers. */
typedef struct cairn_host_threads {
    int count;
    void (*run)(void *user, void (*task)(void *arg, int index), void *arg, int count);
    void *user;
} cairn_host_threads;

typedef struct cairn_ctx_options {
    int threads;               /* [0: CAIRN_THREADS if set, else all cores this process may use] */
    cairn_allocator allocator; /* [malloc] */
    cairn_log_fn log;          /* [silence] */
    void *log_user;
    cairn_host_threads host; /* [count 0: a pool of the library's own, started on first use] */
} cairn_ctx_options;

/* Makes a context. options may be NULL. CAIRN_MEMORY, or CAIRN_USAGE when a value makes no sense. */
CAIRN_API cairn_status cairn_ctx_create(const cairn_ctx_options *options, cairn_ctx **ctx);

/* Ends it; everything made with it must be gone before. NULL is allowed. */
CAIRN_API void cairn_ctx_destroy(cairn_ctx *ctx);

/* The text of the last failure: file, field, what was expected and what was found. Empty before the
 * first one. Owned by the context, valid until its next failure. */
CAIRN_API const char *cairn_error(const cairn_ctx *ctx);

/* Number of threads a run uses. */
CAIRN_API int cairn_threads(const cairn_ctx *ctx);

/* Library version as "1.2.3". */
CAIRN_API const char *cairn_version(void);

/* Name of the kernel level in use: scalar, x86-64-v2, avx2, avx512 or avx512bf16; on AArch64 scalar or
 * neon. The environment variable CAIRN_ISA caps it. */
CAIRN_API const char *cairn_isa_name(void);

CAIRN_END

#endif
