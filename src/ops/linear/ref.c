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
        for (int64_t o = 0; o < outputs; o++) {
            double sum = bias != NULL ? (double)bias[o] : 0.0;
            for (int64_t i = 0; i < inputs; i++)
                sum += (double)x[i] * (double)w[i * outputs + o];
            y[o] = (real)cairn_activate(attrs->act, sum);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(linear_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
