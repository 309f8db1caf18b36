/* One parallel region on pthreadpool or on the host's threads, and the barrier inside it. */
#include "base/threads.h"
#include "base/file.h"
#include <limits.h>
#include <pthread.h>
#include <pthreadpool.h>
#include <sched.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define SPINS 1500 /* some fifty microseconds */

/* `done` tells ThreadSanitizer, which does not see into pthreadpool, what that guarantees: items begin after
 * the call and end before it. */
typedef struct region {
    void (*task)(void *arg, int index);
    void *arg;
    atomic_int done;
} region;

static void run_item(void *context, size_t index)
{
    region *r = context;
    (void)atomic_load_explicit(&r->done, memory_order_acquire);
    r->task(r->arg, (int)index);
    atomic_fetch_add_explicit(&r->done, 1, memory_order_release);
}

static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Whether this process may have as many threads at once as a pool has: pthreadpool does not look whether its
 * threads started, and would wait for the missing ones for ever. */
static cairn_status rehearse(cairn_ctx *ctx)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t started[CAIRN_MAX_THREADS];
    int count = 0, error = 0;
    pthread_mutex_lock(&gate);
    while (count + 1 < ctx->threads && error == 0) {
        error = pthread_create(&started[count], NULL, wait_for_gate, &gate);
        count += error == 0;
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    return error == 0 ? CAIRN_OK
                      : cairn_fail(ctx, CAIRN_MEMORY, "cannot start %d threads: %s after %d; ask for fewer",
                                   ctx->threads, cairn_errno_text(error), count + 1);
}

static cairn_status start_pool(cairn_ctx *ctx)
{
    cairn_status status = rehearse(ctx);
    if (status != CAIRN_OK)
        return status;
    pthreadpool_t pool = pthreadpool_create((size_t)ctx->threads);
    if (pool == NULL || pthreadpool_get_threads_count(pool) != (size_t)ctx->threads) {
        pthreadpool_destroy(pool);
        return cairn_fail(ctx, CAIRN_MEMORY, "cannot start %d threads", ctx->threads);
    }
    ctx->pool = (struct cairn_pool *)pool;
    return CAIRN_OK;
}

/* Every thread of the pool takes its own item first and cannot end it before all have met at the barriers, so
 * no item is ever taken by a second thread: as many items as threads run at the same time. */
cairn_status cairn_parallel(cairn_ctx *ctx, int threads, void (*task)(void *arg, int index), void *arg)
{
    if (threads == 1) {
        task(arg, 0);
        return CAIRN_OK;
    }
    if (ctx->host.count > 0) {
        ctx->host.run(ctx->host.user, task, arg, threads);
        return CAIRN_OK;
    }
    cairn_status status = ctx->pool == NULL ? start_pool(ctx) : CAIRN_OK;
    if (status != CAIRN_OK)
        return status;
    region r = {.task = task, .arg = arg};
    atomic_store_explicit(&r.done, 0, memory_order_release);
    pthreadpool_parallelize_1d((pthreadpool_t)ctx->pool, run_item, &r, (size_t)threads,
                               ctx->crowded ? PTHREADPOOL_FLAG_YIELD_WORKERS : 0);
    (void)atomic_load_explicit(&r.done, memory_order_acquire);
    return CAIRN_OK;
}

typedef struct loop {
    void (*task)(void *arg, size_t index);
    void *arg;
    size_t count;
    atomic_size_t next;
} loop;

static void take_turns(void *arg, int thread)
{
    loop *l = arg;
    (void)thread;
    for (size_t i; (i = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed)) < l->count;)
        l->task(l->arg, i);
}

cairn_status cairn_for_each(cairn_ctx *ctx, size_t count, void (*task)(void *arg, size_t index), void *arg)
{
    loop l = {.task = task, .arg = arg, .count = count};
    return cairn_parallel(ctx, count > 1 ? ctx->threads : 1, take_turns, &l);
}

void cairn_pool_destroy(cairn_ctx *ctx)
{
    if (ctx->pool != NULL)
        pthreadpool_destroy((pthreadpool_t)ctx->pool);
    ctx->pool = NULL;
}

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#if defined(__linux__)
/* Sleeping frees the core for the thread that everyone waits for, and who wakes up goes before who was
 * running. A thread that yields goes behind them instead: on a busy machine that was measured to cost a time
 * slice a barrier. */
static void sleep_until_changed(cairn_barrier *barrier, unsigned generation)
{
    atomic_fetch_add(&barrier->sleepers, 1);
    while (atomic_load(&barrier->generation) == generation)
        syscall(SYS_futex, &barrier->generation, FUTEX_WAIT_PRIVATE, generation, NULL, NULL, 0);
    atomic_fetch_sub(&barrier->sleepers, 1);
}

static void wake_sleepers(cairn_barrier *barrier)
{
    if (atomic_load(&barrier->sleepers) > 0)
        syscall(SYS_futex, &barrier->generation, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
#else
static void sleep_until_changed(cairn_barrier *barrier, unsigned generation)
{
    while (atomic_load(&barrier->generation) == generation)
        sched_yield();
}

static void wake_sleepers(cairn_barrier *barrier)
{
    (void)barrier;
}
#endif

void cairn_barrier_wait(cairn_barrier *barrier, int threads)
{
    if (threads == 1)
        return;
    unsigned generation = atomic_load_explicit(&barrier->generation, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&barrier->waiting, 1, memory_order_acq_rel) == threads - 1) {
        atomic_store_explicit(&barrier->waiting, 0, memory_order_relaxed);
        atomic_store(&barrier->generation, generation + 1);
        wake_sleepers(barrier);
        return;
    }
    for (int turn = 0; turn < SPINS; turn++) {
        if (atomic_load_explicit(&barrier->generation, memory_order_acquire) != generation)
            return;
        relax();
    }
    sleep_until_changed(barrier, generation);
}
