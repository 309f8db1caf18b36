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

/* What a channel of a batch is normalised by: y = factor * (x - mean) + beta. */
typedef struct cairn_norm {
    double mean, rstd, factor, beta;
} cairn_norm;

/* From inputs: the sums and squares from `statistics` on, beta and, if there is one, gamma from `beta` on. */
static inline cairn_norm cairn_norm_of(const cairn_work *work, int statistics, int beta, int64_t channel)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    double n = cairn_norm_count(work, &work->in[0]);
    double variance = cairn_channel_number(&work->in[statistics + 1], channel) / n;
    cairn_norm norm = {.mean = cairn_channel_number(&work->in[statistics], channel) / n,
                       .rstd = 1.0 / sqrt(variance + attrs->eps),
                       .beta = cairn_channel_number(&work->in[beta], channel)};
    norm.factor =
        attrs->no_scale ? norm.rstd : norm.rstd * cairn_channel_number(&work->in[beta + 1], channel);
    return norm;
}

/* Of the channels first ... first + count - 1. */
static inline void cairn_norm_load(cairn_norm *norms, const cairn_work *work, int statistics, int beta,
                                   int64_t first, int64_t count)
{
    for (int64_t c = 0; c < count; c++)
        norms[c] = cairn_norm_of(work, statistics, beta, first + c);
}

/* The gradient of y of a channel, from that of act(y); act is NONE or RELU. */
static inline double cairn_norm_gate(cairn_activation_kind act, const cairn_norm *norm, double x, double dy)
{
    return act == CAIRN_ACT_NONE || (x - norm->mean) * norm->factor + norm->beta > 0 ? dy : 0;
}

#endif
