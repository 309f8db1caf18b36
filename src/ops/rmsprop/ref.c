/* RMSProp: reference. */
#include "ops/update.h"
#include <math.h>

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 12);
}

static void run(const cairn_work *work)
{
    const cairn_rmsprop_attrs *attrs = work->attrs;
    const real *gradient = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *square = cairn_image_of(&work->out[1], 0);
    real *velocity = cairn_image_of(&work->out[2], 0);
    double lr = work->run->lr * attrs->lr_factor;
    int64_t begin, end;
    cairn_clip clip;
    if (!cairn_update_begin(work, 2, &clip))
        return;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        double d = cairn_clipped(&clip, (double)gradient[i]) + attrs->weight_decay * (double)w[i];
        double s = work->run->step == 0 ? attrs->first : (double)square[i];
        s = attrs->decay * s + (1.0 - attrs->decay) * d * d;
        double v = attrs->momentum * (double)velocity[i] + lr * d / sqrt(s + attrs->eps);
        square[i] = (real)s;
        velocity[i] = (real)v;
        w[i] = (real)((double)w[i] - v);
    }
}

const cairn_kernel CAIRN_KERNEL(rmsprop_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
