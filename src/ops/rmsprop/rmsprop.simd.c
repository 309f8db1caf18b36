/* RMSProp, vectorised. */
#include "ops/simd/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 12);
}

typedef struct rule {
    float lr, weight_decay, decay, share, eps, momentum, first;
    bool begins;
} rule;

CAIRN_INLINE vec updated(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const rule *r = numbers;
    vec d = g + r->weight_decay * w;
    slots[0] = r->decay * (r->begins ? vec_set(r->first) : slots[0]) + r->share * (d * d);
    slots[1] = r->momentum * slots[1] + r->lr * d / vec_sqrt(slots[0] + r->eps);
    return w - slots[1];
}

static void run(const cairn_work *work)
{
    const cairn_rmsprop_attrs *attrs = work->attrs;
    rule r = {.lr = (float)(work->run->lr * attrs->lr_factor),
              .weight_decay = (float)attrs->weight_decay,
              .decay = (float)attrs->decay,
              .share = (float)(1.0 - attrs->decay),
              .eps = (float)attrs->eps,
              .momentum = (float)attrs->momentum,
              .first = (float)attrs->first,
              .begins = work->run->step == 0};
    int64_t begin, end;
    cairn_clip clip;
    cairn_update_span(work, &begin, &end);
    if (cairn_update_begin(work, 2, &clip))
        vec_update(work, updated, &r, &clip, 2, begin, end);
}

const cairn_kernel CAIRN_KERNEL(rmsprop) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
