/* Batch normalisation by the batch, vectorised over channels. */
#include "ops/batchnorm/affine.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
    site->scratch = cairn_affine_bytes(site->out[0].c);
}

static void run(const cairn_work *work)
{
    int64_t channels = work->out[0].c;
    cairn_affine affine = cairn_affine_of(work, channels);
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        cairn_affine_norm norm = cairn_affine_norm_of(work, 1, 3, c, vec_first(channels - c));
        cairn_affine_mean(&affine, c, norm.mean);
        vec_store(affine.b + c, wide_round(norm.factor));
        vec_store(affine.c + c, wide_round(norm.beta));
    }
    cairn_affine_activate(work, &affine, ((const cairn_batchnorm_attrs *)work->attrs)->act,
                          cairn_has(work->site, 5) ? &work->in[5] : NULL);
}

const cairn_kernel CAIRN_KERNEL(batchnorm_train) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
