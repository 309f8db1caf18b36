/* Adam and AdamW: reference. */
#include "ops/update.h"
#include <math.h>

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 16);
}

static void run(const cairn_work *work)
{
    const cairn_adam_attrs *attrs = work->attrs;
    const real *gradient = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *mean = cairn_image_of(&work->out[1], 0);
    real *square = cairn_image_of(&work->out[2], 0);
    double lr = work->run->lr * attrs->lr_factor;
    double mean_scale = 1.0 - cairn_power(attrs->beta1, work->run->step + 1);
    double square_scale = 1.0 - cairn_power(attrs->beta2, work->run->step + 1);
    double pull = attrs->decoupled ? lr * attrs->weight_decay : 0.0;
    double decay = attrs->decoupled ? 0.0 : attrs->weight_decay;
    int64_t begin, end;
    cairn_clip clip;
    if (!cairn_update_begin(work, 2, &clip))
        return;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        double d = cairn_clipped(&clip, (double)gradient[i]) + decay * (double)w[i];
        double m = attrs->beta1 * (double)mean[i] + (1.0 - attrs->beta1) * d;
        double s = attrs->beta2 * (double)square[i] + (1.0 - attrs->beta2) * d * d;
        mean[i] = (real)m;
        square[i] = (real)s;
        w[i] = (real)((double)w[i] * (1.0 - pull) -
                      lr * (m / mean_scale) / (sqrt(s / square_scale) + attrs->eps));
    }
}

const cairn_kernel CAIRN_KERNEL(adam_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
