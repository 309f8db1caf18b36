/* Gradients of activations: reference. */
#include "ops/activate.h"
#include "ops/elementwise.h"

static void span(const void *attrs, real *restrict out, const real *y, const real *dy, int64_t count)
{
    const cairn_activation_attrs *activation = attrs;
    for (int64_t i = 0; i < count; i++)
        out[i] = (real)((double)dy[i] * cairn_activation_slope(activation->kind, (double)y[i]));
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 4);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(activation_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
