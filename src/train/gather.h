/* One batch of pictures that have to be read, decoded or resized, each by whichever thread is free: a
 * picture's pixels depend on its index alone. */
#ifndef CAIRN_GATHER_H
#define CAIRN_GATHER_H

#include "train/loader.h"

typedef struct cairn_gatherer cairn_gatherer;

/* options must outlive it. CAIRN_MEMORY. */
cairn_status cairn_gatherer_create(cairn_ctx *ctx, const cairn_loader_options *options,
                                   cairn_gatherer **gatherer);
void cairn_gatherer_destroy(cairn_gatherer *gatherer);

/* Pictures order[first] and on (NULL: first and on), n of them. */
cairn_status cairn_gatherer_run(cairn_gatherer *gatherer, const int64_t *order, int64_t first, int n,
                                uint8_t *pixels, int32_t *labels, int64_t *samples);

/* Of the last run: which pictures could not be read. */
const bool *cairn_gatherer_broken(const cairn_gatherer *gatherer);

#endif
