/* Activations, vectorised. */
#include "ops/elementwise.h"
#include "ops/simd/functions.h"

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    (void)b;
    vec_activate_span(((const cairn_activation_attrs *)attrs)->kind, out, a, count);
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 20);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(activation) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
