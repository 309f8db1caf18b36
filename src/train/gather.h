/* One picture of a batch: read, decoded, brought to the input's size, augmented. What comes of it depends on
 * its index, the seed and the epoch alone, whichever thread does it. */
#ifndef CAIRN_GATHER_H
#define CAIRN_GATHER_H

#include "train/loader.h"

/* What a thread has of its own. */
typedef struct cairn_gatherer {
    const cairn_loader_options *options;
    cairn_ctx ctx; /* for errors and memory */
    uint8_t *raw;  /* one picture as a set in memory has it */
} cairn_gatherer;

/* Which picture of which pass. */
typedef struct cairn_gather_job {
    int64_t index; /* in the split */
    uint32_t epoch;
    uint8_t *to; /* views inputs */
} cairn_gather_job;

typedef struct cairn_gathered {
    int64_t index; /* as asked for */
    int32_t label;
    int64_t sample;
    cairn_status status, broken; /* broken: what was wrong with the one asked for, if another came instead */
    char *message;               /* of either; the gatherer's allocator's */
} cairn_gathered;

/* Bytes of one input. */
size_t cairn_gather_input_bytes(const cairn_loader_options *options);

/* Whether all that is done to a set in memory is to put a border around its pictures. */
bool cairn_gather_only_pads(const cairn_loader_options *options);

void cairn_gather(cairn_gatherer *gatherer, const cairn_gather_job *job, cairn_gathered *gathered);

#endif
