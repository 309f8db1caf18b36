/* Running one function on all threads at once. */
#ifndef CAIRN_THREADS_H
#define CAIRN_THREADS_H

#include "base/base.h"
#include <stdatomic.h>

#define CAIRN_MAX_THREADS 1024 /* of a context */

/* Cores that this process may use, at least 1. */
int cairn_available_cores(void);

/* Calls task(arg, i) for i = 0 .. threads-1, all at the same time, and waits. */
cairn_status cairn_parallel(cairn_ctx *ctx, int threads, void (*task)(void *arg, int index), void *arg);

/* Calls task(arg, i) for i = 0 .. count-1, each once, on whichever thread is free, and waits. */
cairn_status cairn_for_each(cairn_ctx *ctx, size_t count, void (*task)(void *arg, size_t index), void *arg);

/* What is done sooner than a second thread is there: bytes to read, copy or clear. */
#define CAIRN_ONE_THREAD_BYTES ((size_t)4 << 20)

void cairn_pool_destroy(cairn_ctx *ctx);

/* A barrier for the threads of one parallel call: spins shortly, then sleeps, so that a machine with more to
 * do than cores does not stall. All zeros at first. */
typedef struct cairn_barrier {
    _Alignas(64) atomic_int waiting;
    _Alignas(64) atomic_uint generation;
    atomic_int sleepers;
} cairn_barrier;

void cairn_barrier_wait(cairn_barrier *barrier, int threads);

#endif
