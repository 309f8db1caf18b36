/* What the vectorised kernels of local response normalisation share. A row holds a double for each channel of
 * a pixel, with zeros before and behind, so that windows may reach beyond the channels. */
#ifndef CAIRN_OPS_LRN_ROWS_H
#define CAIRN_OPS_LRN_ROWS_H

#include "ops/real.h"
#include "ops/simd/wide.h"
#include <math.h>

/* Numbers of a row: half a window on each side and whole vectors. */
static inline size_t cairn_lrn_row(const cairn_lrn_attrs *attrs, int64_t channels)
{
    return cairn_align((size_t)channels + (size_t)attrs->size + CAIRN_LANES, CAIRN_LANES);
}

/* The rows of the scratch memory. */
static inline double *cairn_lrn_scratch(const cairn_work *work, int64_t channels, size_t row)
{
    return (double *)(void *)work->scratch + row * cairn_lrn_row(work->attrs, channels);
}

/* The sum over the window around each of the channels from c on. */
CAIRN_INLINE wide cairn_lrn_sum(const cairn_lrn_attrs *attrs, const double *row, int64_t c)
{
    wide sum = wide_load(row + c);
    for (int64_t j = 1; j < attrs->size; j++)
        sum = wide_add(sum, wide_load(row + c + j));
    return sum;
}

/* Squares of x, which is channel 0 of a pixel, into the row. */
CAIRN_INLINE void cairn_lrn_squares(const cairn_lrn_attrs *attrs, const real *x, int64_t channels,
                                    double *row)
{
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        wide v = wide_of(vec_load_part(x + c, vec_first(channels - c)));
        wide_store(row + attrs->size / 2 + c, (wide){v.low * v.low, v.high * v.high});
    }
}

CAIRN_INLINE dvec cairn_lrn_power_half(dvec s, double beta)
{
    if (beta == 0.75) {
        dvec root = dvec_sqrt(s);
        return 1.0 / (root * dvec_sqrt(root));
    }
    for (int i = 0; i < CAIRN_LANES / 2; i++)
        s[i] = pow(s[i], -beta);
    return s;
}

/* k + alpha * sum, and its power -beta. */
CAIRN_INLINE wide cairn_lrn_brackets(const cairn_lrn_attrs *attrs, const double *squares, int64_t c,
                                     wide *power)
{
    wide sum = cairn_lrn_sum(attrs, squares, c);
    wide s = {attrs->k + attrs->alpha * sum.low, attrs->k + attrs->alpha * sum.high};
    *power = (wide){cairn_lrn_power_half(s.low, attrs->beta), cairn_lrn_power_half(s.high, attrs->beta)};
    return s;
}

#endif
