/* Gradients of beta and gamma, vectorised over channels. */
#include "ops/batchnorm/affine.h"
#include "ops/simd/channels.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->in[0].elements);
    site->scratch = cairn_affine_bytes(site->in[0].c);
}

CAIRN_INLINE void sums(const cairn_work *work, const cairn_affine *affine, const cairn_channel_term term)
{
    int64_t channels = work->in[0].c;
    cairn_channel_pass pass = cairn_channel_pass_of(work, &work->in[0], &work->in[1]);
    param *plain = cairn_params_of(&work->out[0]), *weighted = cairn_params_of(&work->out[1]);
    pass.mean = affine->high;
    pass.low = affine->low;
    pass.factor = affine->b;
    pass.shift = affine->c;
    cairn_channel_block block;
    for (int64_t first = 0, count; first < channels; first += count) {
        count = cairn_channel_block_of(&pass, term, first, channels, &block);
        for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
            int64_t c = first + v * CAIRN_LANES;
            vec_mask mask = vec_first(channels - c);
            wide second = block.second[v], rstd = wide_of(vec_load(affine->a + c));
            vec_store_part(plain + c, wide_round(block.sum[v]), mask);
            vec_store_part(weighted + c, wide_round((wide){second.low * rstd.low, second.high * rstd.high}),
                           mask);
        }
    }
}

/* a is 1 / std; b and c make y. */
static void run(const cairn_work *work)
{
    cairn_affine affine = cairn_affine_of(work, work->in[0].c);
    for (int64_t c = 0; c < work->in[0].c; c += CAIRN_LANES) {
        cairn_affine_norm norm = cairn_affine_norm_of(work, 2, 4, c, vec_first(work->in[0].c - c));
        cairn_affine_mean(&affine, c, norm.mean);
        vec_store(affine.a + c, wide_round(norm.rstd));
        vec_store(affine.b + c, wide_round(norm.factor));
        vec_store(affine.c + c, wide_round(norm.beta));
    }
    if (((const cairn_batchnorm_attrs *)work->attrs)->act == CAIRN_ACT_RELU)
        sums(work, &affine, CAIRN_TERM_GATED);
    else
        sums(work, &affine, CAIRN_TERM_GRADIENT);
}

const cairn_kernel CAIRN_KERNEL(batchnorm_sums) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
