/* Stochastic gradient descent, vectorised. */
#include "ops/elementwise.h"
#include "ops/simd/vector.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 6);
}

typedef struct rule {
    float lr, decay, momentum, share;
    bool nesterov;
} rule;

CAIRN_INLINE vec next_velocity(const rule *r, vec w, vec g, vec *velocity)
{
    vec d = g + r->decay * w;
    *velocity = r->momentum * *velocity + r->share * d;
    return r->nesterov ? d + r->momentum * *velocity : *velocity;
}

static void update(const rule *r, float *restrict w, const float *restrict g, float *restrict velocity,
                   int64_t count)
{
    int64_t i = 0;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES) {
        vec weights = vec_load(w + i), v = vec_load(velocity + i);
        vec direction = next_velocity(r, weights, vec_load(g + i), &v);
        vec_store(velocity + i, v);
        vec_store(w + i, weights - r->lr * direction);
    }
    if (i < count) {
        vec_mask part = vec_first(count - i);
        vec weights = vec_load_part(w + i, part), v = vec_load_part(velocity + i, part);
        vec direction = next_velocity(r, weights, vec_load_part(g + i, part), &v);
        vec_store_part(velocity + i, v, part);
        vec_store_part(w + i, weights - r->lr * direction, part);
    }
}

static void run(const cairn_work *work)
{
    const cairn_sgd_attrs *attrs = work->attrs;
    rule r = {.lr = (float)(work->run->lr * attrs->lr_factor),
              .decay = (float)attrs->weight_decay,
              .momentum = (float)attrs->momentum,
              .share = work->run->step == 0 ? 1.0f : (float)(1.0 - attrs->dampening),
              .nesterov = attrs->nesterov};
    int64_t begin = work->begin * CAIRN_ELEMENT_BLOCK;
    int64_t end = cairn_min(work->end * CAIRN_ELEMENT_BLOCK, work->out[0].elements);
    if (*(const int32_t *)(const void *)work->in[3].data != 0)
        update(&r, cairn_image_of(&work->out[0], 0) + begin, cairn_image_of(&work->in[1], 0) + begin,
               cairn_image_of(&work->out[1], 0) + begin, end - begin);
}

const cairn_kernel CAIRN_KERNEL(sgd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
