/* Gradient of the mean: reference. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 1);
}

static void run(const cairn_work *work)
{
    real share = cairn_image_of(&work->in[0], 0)[0] / (real)work->run->n;
    for (int64_t n = work->begin; n < work->end; n++)
        cairn_image_of(&work->out[0], n)[0] = share;
}

const cairn_kernel CAIRN_KERNEL(mean_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
