/* Gradients of beta and gamma, vectorised over channels. */
#include "ops/batchnorm/channels.h"
#include "ops/simd/channels.h"

/* Scratch: mean and 1 / std. */
static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->in[0].elements);
    site->scratch = cairn_channel_bytes(site->in[0].c, 2);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0];
    double *mean = cairn_channel_row(work, x->c, 0), *rstd = cairn_channel_row(work, x->c, 1);
    double n = cairn_norm_count(work, x);
    for (int64_t c = 0; c < x->c; c++) {
        mean[c] = cairn_channel_number(&work->in[2], c) / n;
        rstd[c] = 1.0 / sqrt(cairn_channel_number(&work->in[3], c) / n + attrs->eps);
    }
    cairn_channel_pass pass = cairn_channel_pass_of(work, x, &work->in[1]);
    pass.mean = mean;
    cairn_channel_sums(&pass, CAIRN_TERM_GRADIENT, x->c, 1.0, rstd, cairn_params_of(&work->out[0]),
                       cairn_params_of(&work->out[1]));
}

const cairn_kernel CAIRN_KERNEL(batchnorm_sums) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
