/* Gradient of a scale, vectorised over channels. */
#include "ops/simd/channels.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    cairn_channel_sums(work, &work->in[0], &work->in[1]);
}

const cairn_kernel CAIRN_KERNEL(scale_bias_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
