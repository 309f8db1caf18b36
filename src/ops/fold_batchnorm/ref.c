/* Folding of a batch normalisation into weights. A unit is a block of the weights' rows, which hold the output
 * channels. */
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
    site->unit_flops = BLOCK_ELEMENTS;
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

static void run(const cairn_work *work)
{
    int64_t channels = work->out[1].elements, step = rows_of_unit(work->site);
    int64_t begin = work->begin * step, end = cairn_min(work->end * step, work->in[0].elements / channels);
    const real *w = cairn_image_of(&work->in[0], 0);
    real *to = cairn_image_of(&work->out[0], 0);
    if (work->begin == 0)
        fold_bias(work);
    for (int64_t first = 0; first < channels; first += 64) { /* factors of a few channels at a time */
        double factors[64];
        int64_t count = cairn_min(channels - first, 64);
        for (int64_t c = 0; c < count; c++)
            factors[c] = factor(work, first + c);
        for (int64_t row = begin; row < end; row++)
            for (int64_t c = 0; c < count; c++)
                to[row * channels + first + c] = (real)((double)w[row * channels + first + c] * factors[c]);
    }
}

const cairn_kernel CAIRN_KERNEL(fold_batchnorm_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
