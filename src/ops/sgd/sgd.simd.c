/* Stochastic gradient descent, vectorised. */
#include "ops/simd/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 6);
}

typedef struct rule {
    float lr, decay, momentum, share;
    bool nesterov;
} rule;

CAIRN_INLINE vec updated(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const rule *r = numbers;
    vec d = g + r->decay * w;
    slots[0] = r->momentum * slots[0] + r->share * d;
    return w - r->lr * (r->nesterov ? d + r->momentum * slots[0] : slots[0]);
}

static void run(const cairn_work *work)
{
    const cairn_sgd_attrs *attrs = work->attrs;
    rule r = {.lr = (float)(work->run->lr * attrs->lr_factor),
              .decay = (float)attrs->weight_decay,
              .momentum = (float)attrs->momentum,
              .share = work->run->step == 0 ? 1.0f : (float)(1.0 - attrs->dampening),
              .nesterov = attrs->nesterov};
    int64_t begin, end;
    cairn_clip clip;
    cairn_update_span(work, &begin, &end);
    if (cairn_update_begin(work, 1, &clip))
        vec_update(work, updated, &r, &clip, 1, begin, end);
}

const cairn_kernel CAIRN_KERNEL(sgd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
