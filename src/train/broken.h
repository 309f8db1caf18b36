/* Pictures of a split that could not be read: in a run each is told of once and counts once, also when the
 * run is resumed or goes on with other sizes. */
#ifndef CAIRN_BROKEN_H
#define CAIRN_BROKEN_H

#include "base/base.h"

/* Zeros are an empty list. */
typedef struct cairn_broken {
    int64_t *index; /* in the split, ascending */
    int64_t count, room;
} cairn_broken;

/* *fresh: the index was not in the list before. CAIRN_MEMORY. */
cairn_status cairn_broken_add(cairn_ctx *ctx, cairn_broken *list, int64_t index, bool *fresh);
void cairn_broken_free(cairn_ctx *ctx, cairn_broken *list);

#endif
