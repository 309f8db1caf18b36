/* Sums of squared deviations, vectorised over channels. */
#include "ops/batchnorm/channels.h"
#include "ops/simd/channels.h"

/* Scratch: the means. */
static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 3 * site->in[0].elements);
    site->scratch = cairn_channel_bytes(site->in[0].c, 1);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    double *mean = cairn_channel_row(work, x->c, 0), n = cairn_norm_count(work, x);
    for (int64_t c = 0; c < x->c; c++)
        mean[c] = cairn_channel_number(&work->in[1], c) / n;
    cairn_channel_pass pass = cairn_channel_pass_of(work, x, NULL);
    pass.mean = mean;
    cairn_channel_sums(&pass, CAIRN_TERM_SQUARE, x->c, 1.0, NULL, cairn_params_of(&work->out[0]), NULL);
}

const cairn_kernel CAIRN_KERNEL(square_deviations) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
