/* Batch normalisation by the running statistics, vectorised over channels. */
#include "ops/batchnorm/affine.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
    site->scratch = cairn_affine_bytes(site->out[0].c);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    int64_t channels = work->out[0].c;
    cairn_affine affine = cairn_affine_of(work, channels);
    for (int64_t c = 0; c < channels; c++) {
        double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[4], c);
        double rstd = 1.0 / sqrt(cairn_channel_number(&work->in[3], c) + attrs->eps);
        cairn_affine_mean(&affine, c, cairn_channel_number(&work->in[2], c));
        affine.b[c] = (float)(gamma * rstd);
        affine.c[c] = (float)cairn_channel_number(&work->in[1], c);
    }
    cairn_affine_activate(work, &affine, attrs->act, NULL);
}

const cairn_kernel CAIRN_KERNEL(batchnorm) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
