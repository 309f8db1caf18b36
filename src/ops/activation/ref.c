/* Activations: reference. */
#include "ops/activate.h"
#include "ops/elementwise.h"

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    const cairn_activation_attrs *activation = attrs;
    (void)b;
    for (int64_t i = 0; i < count; i++)
        out[i] = (real)cairn_activate(activation->kind, (double)a[i]);
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 20);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(activation_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
