/* Gradient of the input of a batch normalisation, vectorised over channels. */
#include "ops/batchnorm/affine.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 6 * site->out[0].elements);
    site->scratch = cairn_affine_bytes(site->out[0].c);
}

/* dx = a dy + b (x - mean) + c. */
static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    int64_t channels = work->out[0].c;
    double n = cairn_norm_count(work, &work->in[0]);
    cairn_affine affine = cairn_affine_of(work, channels, CAIRN_ACT_NONE);
    for (int64_t c = 0; c < channels; c++) {
        double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[6], c);
        double mean = cairn_channel_number(&work->in[2], c) / n;
        double rstd = 1.0 / sqrt(cairn_channel_number(&work->in[3], c) / n + attrs->eps);
        double a = gamma * rstd;
        cairn_affine_set(&affine, c, mean, a, -a * rstd * cairn_channel_number(&work->in[5], c) / n,
                         -a * cairn_channel_number(&work->in[4], c) / n);
    }
    cairn_affine_units(work, &affine, CAIRN_ACT_NONE, &work->in[0], &work->in[1]);
}

const cairn_kernel CAIRN_KERNEL(batchnorm_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
