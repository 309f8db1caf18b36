/* Dense layer: reference. */
#include "ops/activate.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->in[1].elements);
}

static void run(const cairn_work *work)
{
    const cairn_linear_attrs *attrs = work->attrs;
    int64_t inputs = work->in[0].c, outputs = work->out[0].c;
    const real *w = cairn_image_of(&work->in[1], 0);
    const real *bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL;
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *x = cairn_image_of(&work->in[0], n);
        real *y = cairn_image_of(&work->out[0], n);
        for (int64_t first = 0; first < outputs; first += CAIRN_REF_SUMS) {
            int64_t count = cairn_min(CAIRN_REF_SUMS, outputs - first);
            double sums[CAIRN_REF_SUMS];
            for (int64_t o = 0; o < count; o++)
                sums[o] = bias != NULL ? (double)bias[first + o] : 0.0;
            for (int64_t i = 0; i < inputs; i++)
                for (int64_t o = 0; o < count; o++)
                    sums[o] += (double)x[i] * (double)w[i * outputs + first + o];
            for (int64_t o = 0; o < count; o++)
                y[first + o] = (real)cairn_activate(attrs->act, sums[o]);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(linear_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
