/* Adam and AdamW, vectorised. */
#include "ops/adam/rule.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 16);
}

CAIRN_INLINE vec updated(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const adam_rule *r = numbers;
    adam_means(r, g + r->decay * w, &slots[0], &slots[1]);
    return r->keep * w - r->lr * adam_direction(r, slots[0], slots[1]);
}

static void run(const cairn_work *work)
{
    adam_rule r = adam_rule_of(work);
    int64_t begin, end;
    cairn_clip clip;
    cairn_update_span(work, &begin, &end);
    if (cairn_update_begin(work, 2, &clip))
        vec_update(work, updated, &r, &clip, 2, begin, end);
}

const cairn_kernel CAIRN_KERNEL(adam) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
