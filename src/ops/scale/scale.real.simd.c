/* factor * x, in double, as the reference: vectorised. */
#include "ops/elementwise.h"
#include "ops/simd/wide.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 4);
}

CAIRN_INLINE vec scaled(vec x, double factor)
{
    wide w = wide_of(x);
    return wide_round((wide){w.low * factor, w.high * factor});
}

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    double factor = ((const cairn_scale_attrs *)attrs)->factor;
    int64_t i = 0;
    (void)b;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES)
        vec_store(out + i, scaled(vec_load(a + i), factor));
    if (i < count) {
        vec_mask part = vec_first(count - i);
        vec_store_part(out + i, scaled(vec_load_part(a + i, part), factor), part);
    }
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(scale) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
