/* Gradient of a scale: reference. The images of the work are summed. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    real *sums = cairn_image_of(&work->out[0], 0);
    for (int64_t c = 0; c < x->c; c++) {
        double sum = 0.0;
        for (int64_t n = work->begin; n < work->end; n++)
            for (int64_t pixel = 0; pixel < x->h * x->w; pixel++)
                sum += (double)cairn_image_of(x, n)[pixel * x->pitch + c] *
                       (double)cairn_image_of(dy, n)[pixel * dy->pitch + c];
        sums[c] = (real)sum;
    }
}

const cairn_kernel CAIRN_KERNEL(scale_bias_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
