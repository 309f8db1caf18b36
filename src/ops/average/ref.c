/* Moving average of weights: reference. */
#include "ops/average/decay.h"
#include "ops/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 3);
}

static void run(const cairn_work *work)
{
    const real *w = cairn_image_of(&work->in[1], 0);
    real *shadow = cairn_image_of(&work->out[0], 0);
    double d = cairn_average_decay(work);
    int64_t begin, end;
    if (*(const int32_t *)(const void *)work->in[2].data == 0)
        return;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        shadow[i] = (real)(d * (double)shadow[i] + (1.0 - d) * (double)w[i]);
}

const cairn_kernel CAIRN_KERNEL(average_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
