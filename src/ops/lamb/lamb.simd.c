/* LAMB, vectorised. */
#include "ops/adam/rule.h"
#include "ops/lamb/ratio.h"
#include "ops/simd/squares.h"

static void plan(cairn_site *site)
{
    site->unit_flops = 24 * site->out[0].elements;
}

typedef struct rule {
    adam_rule adam;
    float decay, rate;
} rule;

CAIRN_INLINE vec direction(const rule *r, vec w, vec mean, vec square)
{
    return adam_direction(&r->adam, mean, square) + r->decay * w;
}

/* Moves the means on; the weights stay. */
CAIRN_INLINE vec with_means(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const rule *r = numbers;
    adam_means(&r->adam, g, &slots[0], &slots[1]);
    return w;
}

/* Takes the step that the means lead to. */
CAIRN_INLINE vec updated(const void *numbers, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS])
{
    const rule *r = numbers;
    (void)g;
    return w - r->rate * direction(r, w, slots[0], slots[1]);
}

/* Squares of the directions, in the order of vec_squares. */
static double squares_of_direction(const rule *r, const float *w, const float *mean, const float *square,
                                   int64_t count)
{
    double total = 0;
    for (int64_t first = 0; first < count; first += CAIRN_SQUARES_BLOCK) {
        vec sum = {0};
        int64_t end = cairn_min(first + CAIRN_SQUARES_BLOCK, count);
        for (int64_t i = first; i < end; i += CAIRN_LANES) {
            vec_mask part = vec_first(end - i);
            vec u = direction(r, vec_load_part(w + i, part), vec_load_part(mean + i, part),
                              vec_load_part(square + i, part));
            sum += u * u;
        }
        for (int lane = 0; lane < CAIRN_LANES; lane++)
            total += (double)sum[lane];
    }
    return total;
}

static void run(const cairn_work *work)
{
    const cairn_adam_attrs *attrs = work->attrs;
    const float *w = cairn_image_of(&work->out[0], 0);
    int64_t count = work->out[0].elements;
    rule r = {.adam = adam_rule_of(work), .decay = (float)attrs->weight_decay};
    vec_clip none = {vec_set(1.0f), vec_set((float)INFINITY)};
    cairn_clip clip;
    if (!cairn_update_begin(work, 2, &clip))
        return;
    vec_update(work, with_means, &r, &clip, 2, 0, count);
    double u_squares = squares_of_direction(&r, w, cairn_image_of(&work->out[1], 0),
                                            cairn_image_of(&work->out[2], 0), count);
    double ratio = cairn_lamb_ratio(attrs, vec_squares(w, none, count), u_squares);
    r.rate = (float)(work->run->lr * attrs->lr_factor * ratio);
    vec_update(work, updated, &r, &clip, 2, 0, count);
}

const cairn_kernel CAIRN_KERNEL(lamb) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
