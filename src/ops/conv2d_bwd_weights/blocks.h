/* How the gradient of a convolution's weights is divided: into blocks of input by output channels, small
 * enough that the pixels' numbers of two blocks stay in the first cache, and into units. Where the weights
 * outweigh the pictures a unit is some blocks, over the whole batch; else it is an image, and the plan adds
 * images up. */
#ifndef CAIRN_OPS_CONV2D_BWD_WEIGHTS_BLOCKS_H
#define CAIRN_OPS_CONV2D_BWD_WEIGHTS_BLOCKS_H

#include "ops/attrs.h"
#include "ops/operand.h"
#include "ops/simd/vector.h"

enum { CAIRN_BLOCK_WIDTH = 64 };
/* A part of the weights for each image costs little below this. */
#define CAIRN_BLOCK_WHOLE_BYTES (512 * 1024)

typedef struct cairn_channel_blocks {
    int64_t channels, width, count;
} cairn_channel_blocks;

/* Of equal width, in whole vectors. */
static inline cairn_channel_blocks cairn_channel_blocks_of(int64_t channels)
{
    int64_t count = cairn_ceil_div(channels, CAIRN_BLOCK_WIDTH);
    int64_t width = (int64_t)cairn_align((size_t)cairn_ceil_div(channels, count), CAIRN_LANES);
    return (cairn_channel_blocks){channels, width, cairn_ceil_div(channels, width)};
}

static inline int64_t cairn_block_channels(const cairn_channel_blocks *b, int64_t block)
{
    return cairn_min(b->width, b->channels - block * b->width);
}

/* Floats from pixel to pixel of a block's copy, an odd number of cache lines: a product takes the same
 * channels of pixel after pixel, and lines that are a power of two apart would share few places in the first
 * cache. */
static inline int64_t cairn_block_pitch(const cairn_channel_blocks *b)
{
    return (cairn_ceil_div(b->width, CAIRN_LINE_FLOATS) | 1) * CAIRN_LINE_FLOATS;
}

static inline bool cairn_unit_is_weights(const cairn_site *site)
{
    const cairn_operand *x = &site->in[0], *dy = &site->in[1], *dw = &site->out[0];
    return dw->elements * (int64_t)sizeof(float) >= CAIRN_BLOCK_WHOLE_BYTES &&
           dw->elements > (x->c + dy->c) * dy->h * dy->w;
}

#endif
