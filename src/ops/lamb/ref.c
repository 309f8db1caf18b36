/* LAMB: reference. */
#include "ops/lamb/ratio.h"

static void plan(cairn_site *site)
{
    site->unit_flops = 24 * site->out[0].elements;
}

static void run(const cairn_work *work)
{
    const cairn_adam_attrs *attrs = work->attrs;
    const real *gradient = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *mean = cairn_image_of(&work->out[1], 0);
    real *square = cairn_image_of(&work->out[2], 0);
    double lr = work->run->lr * attrs->lr_factor, w_squares = 0, u_squares = 0, ratio = 0;
    double mean_scale = 1.0 - cairn_power(attrs->beta1, work->run->step + 1);
    double square_scale = 1.0 - cairn_power(attrs->beta2, work->run->step + 1);
    cairn_clip clip;
    if (!cairn_update_begin(work, 2, &clip))
        return;
    for (int pass = 0; pass < 2; pass++) { /* the norms, then the step */
        for (int64_t i = 0; i < work->out[0].elements; i++) {
            if (pass == 0) {
                double d = cairn_clipped(&clip, (double)gradient[i]);
                mean[i] = (real)(attrs->beta1 * (double)mean[i] + (1.0 - attrs->beta1) * d);
                square[i] = (real)(attrs->beta2 * (double)square[i] + (1.0 - attrs->beta2) * d * d);
            }
            double u = (double)mean[i] / mean_scale / (sqrt((double)square[i] / square_scale) + attrs->eps) +
                       attrs->weight_decay * (double)w[i];
            w_squares += (double)w[i] * (double)w[i];
            u_squares += u * u;
            if (pass == 1)
                w[i] = (real)((double)w[i] - lr * ratio * u);
        }
        ratio = cairn_lamb_ratio(attrs, w_squares, u_squares);
    }
}

const cairn_kernel CAIRN_KERNEL(lamb_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
