/* Mean over the images of a run: reference. Parts of the batch give parts of the mean. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 1);
}

static void run(const cairn_work *work)
{
    double sum = 0.0;
    for (int64_t n = work->begin; n < work->end; n++)
        sum += (double)cairn_image_of(&work->in[0], n)[0];
    cairn_image_of(&work->out[0], 0)[0] = (real)(sum / (double)work->run->n);
}

const cairn_kernel CAIRN_KERNEL(mean_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
