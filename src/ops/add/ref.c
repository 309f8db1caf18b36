/* act(a + b): reference. */
#include "ops/activate.h"
#include "ops/elementwise.h"

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    const cairn_add_attrs *add = attrs;
    for (int64_t i = 0; i < count; i++)
        out[i] = (real)cairn_activate(add->act, (double)(a[i] + b[i]));
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 4);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(add_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
