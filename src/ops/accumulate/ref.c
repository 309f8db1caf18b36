/* Sum of the gradients of a step's runs: reference. */
#include "ops/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 2);
}

static void run(const cairn_work *work)
{
    const real *gradient = cairn_image_of(&work->in[0], 0);
    real *sum = cairn_image_of(&work->out[0], 0);
    int64_t begin, end;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        double before = work->run->part == 0 ? 0.0 : (double)sum[i];
        sum[i] = (real)(before + work->run->share * (double)gradient[i]);
    }
}

const cairn_kernel CAIRN_KERNEL(accumulate_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
