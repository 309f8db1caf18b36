/* factor * x. */
#include "ops/elementwise.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 1);
}

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    double factor = ((const cairn_scale_attrs *)attrs)->factor;
    (void)b;
    for (int64_t i = 0; i < count; i++)
        out[i] = (real)(factor * (double)a[i]);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(scale_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
