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
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        wide variance = cairn_affine_numbers(&work->in[3], c, mask),
             factor = {1.0 / dvec_sqrt(variance.low + attrs->eps),
                       1.0 / dvec_sqrt(variance.high + attrs->eps)};
        if (!attrs->no_scale)
            factor = wide_multiply(factor, cairn_affine_numbers(&work->in[4], c, mask));
        cairn_affine_mean(&affine, c, cairn_affine_numbers(&work->in[2], c, mask));
        vec_store(affine.b + c, wide_round(factor));
        vec_store(affine.c + c, wide_round(cairn_affine_numbers(&work->in[1], c, mask)));
    }
    cairn_affine_activate(work, &affine, attrs->act, NULL);
}

const cairn_kernel CAIRN_KERNEL(batchnorm) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
