/* Batch normalisation by the batch, vectorised over channels. */
#include "ops/batchnorm/affine.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
    site->scratch = cairn_affine_bytes(site->out[0].c, 2);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    int64_t channels = work->out[0].c;
    double *a = cairn_affine_numbers(work, channels, 0), *shift = cairn_affine_numbers(work, channels, 1);
    double n = cairn_norm_count(work, &work->in[0]);
    for (int64_t c = 0; c < channels; c++) {
        double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[4], c);
        a[c] = gamma / sqrt(cairn_channel_number(&work->in[2], c) / n + attrs->eps);
        shift[c] = cairn_channel_number(&work->in[3], c) - cairn_channel_number(&work->in[1], c) / n * a[c];
    }
    cairn_affine_activate(work, &(cairn_affine){.a = a, .c = shift, .act = attrs->act});
}

const cairn_kernel CAIRN_KERNEL(batchnorm_train) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
