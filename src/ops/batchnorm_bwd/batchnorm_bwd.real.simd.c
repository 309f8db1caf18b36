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
    int64_t channels = work->out[0].c;
    double n = cairn_norm_count(work, &work->in[0]);
    cairn_affine affine = cairn_affine_of(work, channels);
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        cairn_affine_norm norm = cairn_affine_norm_of(work, 2, 6, c, mask);
        wide plain = cairn_affine_numbers(&work->in[4], c, mask),
             weighted = wide_multiply(norm.rstd, cairn_affine_numbers(&work->in[5], c, mask));
        cairn_affine_mean(&affine, c, norm.mean);
        vec_store(affine.a + c, wide_round(norm.factor));
        vec_store(affine.b + c, wide_round((wide){-norm.factor.low * weighted.low / n,
                                                  -norm.factor.high * weighted.high / n}));
        vec_store(affine.c + c,
                  wide_round((wide){-norm.factor.low * plain.low / n, -norm.factor.high * plain.high / n}));
        vec_store(affine.gate + c, wide_round(norm.beta));
    }
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    if (((const cairn_batchnorm_attrs *)work->attrs)->act == CAIRN_ACT_RELU)
        cairn_affine_units(work, &affine, CAIRN_ACT_NONE, CAIRN_AFFINE_X_GATED_AZ, x, dy);
    else
        cairn_affine_units(work, &affine, CAIRN_ACT_NONE, CAIRN_AFFINE_X_AZ, x, dy);
}

const cairn_kernel CAIRN_KERNEL(batchnorm_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
