/* LARS: reference. */
#include "ops/lars/ratio.h"

static void plan(cairn_site *site)
{
    site->unit_flops = 10 * site->out[0].elements;
}

static void run(const cairn_work *work)
{
    const cairn_lars_attrs *attrs = work->attrs;
    const real *gradient = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *velocity = cairn_image_of(&work->out[1], 0);
    double lr = work->run->lr * attrs->lr_factor, w_squares = 0, g_squares = 0;
    int64_t count = work->out[0].elements;
    cairn_clip clip;
    if (!cairn_update_begin(work, 1, &clip))
        return;
    for (int64_t i = 0; i < count; i++) {
        double g = cairn_clipped(&clip, (double)gradient[i]);
        w_squares += (double)w[i] * (double)w[i];
        g_squares += g * g;
    }
    double ratio = cairn_lars_ratio(attrs, w_squares, g_squares);
    for (int64_t i = 0; i < count; i++) {
        double d = ratio * (cairn_clipped(&clip, (double)gradient[i]) + attrs->weight_decay * (double)w[i]);
        double v = attrs->momentum * (double)velocity[i] + d;
        velocity[i] = (real)v;
        w[i] = (real)((double)w[i] - lr * (attrs->nesterov ? d + attrs->momentum * v : v));
    }
}

const cairn_kernel CAIRN_KERNEL(lars_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
