/* Per-channel numbers of batch normalisation, a block of channels at a time. */
#ifndef CAIRN_OPS_BATCHNORM_CHANNELS_H
#define CAIRN_OPS_BATCHNORM_CHANNELS_H

#include "ops/real.h"
#include <math.h>

#define CAIRN_NORM_BLOCK 64

/* Numbers that a channel's statistics are taken over: the pixels of all images of the run. */
static inline double cairn_norm_count(const cairn_work *work, const cairn_operand *x)
{
    return (double)(work->run->n * x->h * x->w);
}

static inline double cairn_channel_number(const cairn_operand *vector, int64_t channel)
{
    return (double)cairn_params_of(vector)[channel];
}

/* The batch's mean and 1 / sqrt(variance + eps) from a sum and a sum of squared deviations. */
typedef struct cairn_norm_block {
    double mean[CAIRN_NORM_BLOCK], rstd[CAIRN_NORM_BLOCK];
} cairn_norm_block;

static inline void cairn_norm_load(cairn_norm_block *b, const cairn_operand *sums,
                                   const cairn_operand *squares, double n, double eps, int64_t first,
                                   int64_t count)
{
    for (int64_t c = 0; c < count; c++) {
        b->mean[c] = cairn_channel_number(sums, first + c) / n;
        b->rstd[c] = 1.0 / sqrt(cairn_channel_number(squares, first + c) / n + eps);
    }
}

#endif
