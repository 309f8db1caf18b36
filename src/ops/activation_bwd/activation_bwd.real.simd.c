/* Gradients of activations, vectorised. */
#include "ops/elementwise.h"
#include "ops/simd/functions.h"

CAIRN_INLINE vec slope(cairn_activation_kind kind, vec y)
{
    switch (kind) {
    case CAIRN_ACT_NONE:
        break;
    case CAIRN_ACT_RELU:
        return vec_select(y > 0.0f, vec_set(1.0f), vec_set(0.0f));
    case CAIRN_ACT_TANH:
        return 1.0f - y * y;
    case CAIRN_ACT_TANH1998:
        return (float)(CAIRN_TANH1998_S * CAIRN_TANH1998_A) -
               y * y * (float)(CAIRN_TANH1998_S / CAIRN_TANH1998_A);
    case CAIRN_ACT_SIGMOID:
        return y * (1.0f - y);
    }
    return vec_set(1.0f);
}

CAIRN_INLINE void span_of(cairn_activation_kind kind, real *out, const real *y, const real *dy, int64_t count)
{
    int64_t i = 0;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES)
        vec_store(out + i, vec_load(dy + i) * slope(kind, vec_load(y + i)));
    if (i < count) {
        vec_mask part = vec_first(count - i);
        vec_store_part(out + i, vec_load_part(dy + i, part) * slope(kind, vec_load_part(y + i, part)), part);
    }
}

static void span(const void *attrs, real *restrict out, const real *y, const real *dy, int64_t count)
{
    switch (((const cairn_activation_attrs *)attrs)->kind) {
    case CAIRN_ACT_NONE:
        span_of(CAIRN_ACT_NONE, out, y, dy, count);
        break;
    case CAIRN_ACT_RELU:
        span_of(CAIRN_ACT_RELU, out, y, dy, count);
        break;
    case CAIRN_ACT_TANH:
        span_of(CAIRN_ACT_TANH, out, y, dy, count);
        break;
    case CAIRN_ACT_TANH1998:
        span_of(CAIRN_ACT_TANH1998, out, y, dy, count);
        break;
    case CAIRN_ACT_SIGMOID:
        span_of(CAIRN_ACT_SIGMOID, out, y, dy, count);
        break;
    }
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 4);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(activation_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
