/* Gradient of a scale, vectorised over channels. */
#include "ops/simd/channels.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    cairn_channel_pass pass = cairn_channel_pass_of(work, &work->in[0], &work->in[1]);
    cairn_channel_sums(&pass, CAIRN_TERM_PRODUCT, work->in[0].c, 1.0, cairn_params_of(&work->out[0]), NULL);
}

const cairn_kernel CAIRN_KERNEL(scale_bias_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
