/* IDX files, the format of the MNIST family: big-endian 00 00 type rank, rank sizes of 32 bits, bytes. Plain
 * or gzip, told apart by content. */
#ifndef CAIRN_DATA_IDX_H
#define CAIRN_DATA_IDX_H

#include "base/base.h"

#define CAIRN_IDX_MAX_RANK 3

typedef struct cairn_idx {
    int rank;
    uint32_t dim[CAIRN_IDX_MAX_RANK];
    size_t size; /* product of the sizes */
    uint8_t *data;
} cairn_idx;

/* Reads unsigned bytes of the given rank: 3 for images (N, H, W), 1 for labels (N). CAIRN_IO, CAIRN_INPUT or
 * CAIRN_MEMORY. */
cairn_status cairn_idx_load(cairn_ctx *ctx, const char *path, int rank, cairn_idx *idx);
cairn_status cairn_idx_parse(cairn_ctx *ctx, const char *name, const void *bytes, size_t size, int rank,
                             cairn_idx *idx);
void cairn_idx_free(cairn_ctx *ctx, cairn_idx *idx);

#endif
