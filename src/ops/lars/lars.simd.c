/* LARS, vectorised. */
#include "ops/lars/ratio.h"
#include "ops/simd/squares.h"
#include "ops/simd/update.h"
#include <math.h>

static void plan(cairn_site *site)
{
    site->unit_flops = 10 * site->out[0].elements;
}

typedef struct rule {
    float lr, decay, momentum, ratio;
    bool nesterov;
} rule;

CAIRN_INLINE vec updated(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const rule *r = numbers;
    vec d = r->ratio * (g + r->decay * w);
    slots[0] = r->momentum * slots[0] + d;
    return w - r->lr * (r->nesterov ? d + r->momentum * slots[0] : slots[0]);
}

static void run(const cairn_work *work)
{
    const cairn_lars_attrs *attrs = work->attrs;
    int64_t count = work->out[0].elements;
    cairn_clip clip;
    if (!cairn_update_begin(work, 1, &clip))
        return;
    vec_clip limits = vec_clip_of(&clip), none = {vec_set(1.0f), vec_set((float)INFINITY)};
    double w_squares = vec_squares(cairn_image_of(&work->out[0], 0), none, count);
    double g_squares = vec_squares(cairn_image_of(&work->in[1], 0), limits, count);
    rule r = {.lr = (float)(work->run->lr * attrs->lr_factor),
              .decay = (float)attrs->weight_decay,
              .momentum = (float)attrs->momentum,
              .ratio = (float)cairn_lars_ratio(attrs, w_squares, g_squares),
              .nesterov = attrs->nesterov};
    vec_update(work, updated, &r, &clip, 1, 0, count);
}

const cairn_kernel CAIRN_KERNEL(lars) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
