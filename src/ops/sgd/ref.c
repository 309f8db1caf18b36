/* Stochastic gradient descent: reference. */
#include "ops/elementwise.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 6);
}

static void run(const cairn_work *work)
{
    const cairn_sgd_attrs *attrs = work->attrs;
    const real *g = cairn_image_of(&work->in[1], 0);
    real *w = cairn_image_of(&work->out[0], 0), *velocity = cairn_image_of(&work->out[1], 0);
    double lr = work->run->lr * attrs->lr_factor, decay = attrs->weight_decay;
    double momentum = attrs->momentum, share = work->run->step == 0 ? 1.0 : 1.0 - attrs->dampening;
    int64_t end = cairn_min(work->end * CAIRN_ELEMENT_BLOCK, work->out[0].elements);
    if (*(const int32_t *)(const void *)work->in[3].data == 0)
        return;
    for (int64_t i = work->begin * CAIRN_ELEMENT_BLOCK; i < end; i++) {
        double d = (double)g[i] + decay * (double)w[i], v = momentum * (double)velocity[i] + share * d;
        velocity[i] = (real)v;
        w[i] = (real)((double)w[i] - lr * (attrs->nesterov ? d + momentum * v : v));
    }
}

const cairn_kernel CAIRN_KERNEL(sgd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
