/* The order in which an epoch visits the pictures. */
#ifndef CAIRN_ORDER_H
#define CAIRN_ORDER_H

#include "base/base.h"

/* Fills order[0 .. count-1] with a permutation of 0 .. count-1: the indices sorted by a 64-bit random value
 * of (seed, epoch, index), equal values by index. CAIRN_MEMORY. */
cairn_status cairn_epoch_order(cairn_ctx *ctx, uint64_t seed, uint32_t epoch, int64_t count, int64_t *order);

#endif
