/* Folding of a batch normalisation into weights, for any element type. A unit is a block of the weights'
 * rows, which hold the output channels. */
#ifndef CAIRN_OPS_FOLD_BATCHNORM_BODY_H
#define CAIRN_OPS_FOLD_BATCHNORM_BODY_H

#include "ops/real.h"
#include <math.h>

#define BLOCK_ELEMENTS 65536

static int64_t rows_of_unit(const cairn_site *site)
{
    return cairn_max(1, BLOCK_ELEMENTS / site->out[1].elements);
}

static void plan(cairn_site *site)
{
    int64_t rows = site->in[0].elements / site->out[1].elements;
    site->units = cairn_ceil_div(rows, rows_of_unit(site));
    site->unit_flops = BLOCK_ELEMENTS * CAIRN_PACK_COST;
    site->scratch = (size_t)site->out[1].elements * sizeof(double);
}

static double factor(const cairn_work *work, int64_t channel)
{
    const cairn_fold_batchnorm_attrs *attrs = work->attrs;
    double gamma = attrs->no_scale ? 1.0 : (double)((const real *)cairn_image_of(&work->in[4], 0))[channel];
    return gamma / sqrt((double)((const real *)cairn_image_of(&work->in[3], 0))[channel] + attrs->eps);
}

static void fold_bias(const cairn_work *work)
{
    const cairn_fold_batchnorm_attrs *attrs = work->attrs;
    const real *beta = cairn_image_of(&work->in[1], 0), *mean = cairn_image_of(&work->in[2], 0);
    const real *bias = attrs->has_bias ? cairn_image_of(&work->in[attrs->no_scale ? 4 : 5], 0) : NULL;
    real *to = cairn_image_of(&work->out[1], 0);
    for (int64_t c = 0; c < work->out[1].elements; c++) {
        double centre = (bias != NULL ? (double)bias[c] : 0.0) - (double)mean[c];
        to[c] = (real)((double)beta[c] + centre * factor(work, c));
    }
}

/* Factors first, then whole rows, which are contiguous. */
static void run(const cairn_work *work)
{
    int64_t channels = work->out[1].elements, step = rows_of_unit(work->site);
    int64_t begin = work->begin * step, end = cairn_min(work->end * step, work->in[0].elements / channels);
    const real *w = cairn_image_of(&work->in[0], 0);
    real *restrict to = cairn_image_of(&work->out[0], 0);
    double *factors = (double *)(void *)work->scratch;
    if (work->begin == 0)
        fold_bias(work);
    for (int64_t c = 0; c < channels; c++)
        factors[c] = factor(work, c);
    for (int64_t row = begin; row < end; row++)
        for (int64_t c = 0; c < channels; c++)
            to[row * channels + c] = (real)((double)w[row * channels + c] * factors[c]);
}

#endif
