/* Scale and bias: reference. */
#include "ops/activate.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_scale_bias_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const real *scale = cairn_image_of(&work->in[1], 0);
    const real *bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL;
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < y->h * y->w; pixel++) {
            const real *from = cairn_image_of(x, n) + pixel * x->pitch;
            real *to = cairn_image_of(y, n) + pixel * y->pitch;
            for (int64_t c = 0; c < y->c; c++) {
                double sum = (double)from[c] * (double)scale[c] + (bias != NULL ? (double)bias[c] : 0.0);
                to[c] = (real)cairn_activate(attrs->act, sum);
            }
        }
}

const cairn_kernel CAIRN_KERNEL(scale_bias_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
