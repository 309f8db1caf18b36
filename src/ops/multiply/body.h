/* a * b, for any element type. */
#include "ops/elementwise.h"

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    (void)attrs;
    for (int64_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 1);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}
