/* Contexts for threads that work for another one: each has its own error text, and their memory comes through
 * that one's hook, which they call one at a time. */
#ifndef CAIRN_SHARED_H
#define CAIRN_SHARED_H

#include "base/base.h"
#include <pthread.h>

typedef struct cairn_shared_memory {
    cairn_ctx *ctx;
    pthread_mutex_t lock;
} cairn_shared_memory;

/* It must stay where it is until the end. */
void cairn_shared_begin(cairn_shared_memory *shared, cairn_ctx *ctx);
void cairn_shared_end(cairn_shared_memory *shared);

/* A context for one thread, without log or pool; nothing is to be given back. */
cairn_ctx cairn_shared_ctx(cairn_shared_memory *shared);

#endif
