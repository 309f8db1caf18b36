/* Stochastic gradient descent: reference. */
#include "ops/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 6);
}

static void run(const cairn_work *work)
{
    const cairn_sgd_attrs *attrs = work->attrs;
    const real *gradient = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *velocity = cairn_image_of(&work->out[1], 0);
    double lr = work->run->lr * attrs->lr_factor, decay = attrs->weight_decay;
    double momentum = attrs->momentum, share = work->run->step == 0 ? 1.0 : 1.0 - attrs->dampening;
    int64_t begin, end;
    cairn_clip clip;
    if (!cairn_update_begin(work, 1, &clip))
        return;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        double d = cairn_clipped(&clip, (double)gradient[i]) + decay * (double)w[i];
        double v = momentum * (double)velocity[i] + share * d;
        velocity[i] = (real)v;
        w[i] = (real)((double)w[i] - lr * (attrs->nesterov ? d + momentum * v : v));
    }
}

const cairn_kernel CAIRN_KERNEL(sgd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
