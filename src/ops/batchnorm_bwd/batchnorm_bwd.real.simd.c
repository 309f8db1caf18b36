/* Gradient of the input of a batch normalisation, vectorised over channels. */
#include "ops/batchnorm/affine.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 6 * site->out[0].elements);
    site->scratch = cairn_affine_bytes(site->out[0].c, 3);
}

/* dx = a dy + b (x - mean) + shift, as a dy + b x + c. */
static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    int64_t channels = work->out[0].c;
    double *a = cairn_affine_numbers(work, channels, 0), *b = cairn_affine_numbers(work, channels, 1),
           *shift = cairn_affine_numbers(work, channels, 2), n = cairn_norm_count(work, &work->in[0]);
    for (int64_t c = 0; c < channels; c++) {
        double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[6], c);
        double mean = cairn_channel_number(&work->in[2], c) / n;
        double rstd = 1.0 / sqrt(cairn_channel_number(&work->in[3], c) / n + attrs->eps);
        a[c] = gamma * rstd;
        b[c] = -a[c] * rstd * cairn_channel_number(&work->in[5], c) / n;
        shift[c] = -a[c] * cairn_channel_number(&work->in[4], c) / n - b[c] * mean;
    }
    cairn_affine_units(work, &(cairn_affine){.a = a, .b = b, .c = shift}, CAIRN_ACT_NONE, &work->in[1],
                       &work->in[0]);
}

const cairn_kernel CAIRN_KERNEL(batchnorm_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
