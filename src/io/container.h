/* The inside of a container, for the two files that look into it: weights.c and unread.c. */
#ifndef CAIRN_IO_CONTAINER_H
#define CAIRN_IO_CONTAINER_H

#include "base/file.h"
#include "io/weights.h"
#include <stdatomic.h>

typedef struct cairn_entry {
    cairn_tensor tensor; /* first: a tensor's entry is at the same address */
    cairn_weights *owner;
    uint64_t hash;
    bool in_block;            /* the data lie in the container's block */
    cairn_tensor found;       /* without data: the tensor as it is in the container's file ... */
    uint64_t offset;          /* ... and where */
    atomic_size_t not_finite; /* of the numbers that were read piece by piece */
    char name[];
} cairn_entry;

typedef struct cairn_meta {
    char *key, *value;
} cairn_meta;

struct cairn_weights {
    cairn_ctx *ctx;
    cairn_entry **entries; /* pointers, so that handed out tensors stay where they are */
    size_t count, capacity;
    uint32_t *table; /* by hash, open addressing: index + 1, or 0; twice the capacity, a power of two */
    cairn_meta *meta;
    size_t meta_count;
    char *block; /* memory for tensors to come, see cairn_weights_reserve */
    size_t block_used, block_bytes;
    cairn_file file; /* that holds the tensors without data; fd -1: there are none */
};

#endif
