/* act(a + b), vectorised. */
#include "ops/elementwise.h"
#include "ops/simd/functions.h"

/* The floor of ReLU is 0, that of no activation -INFINITY. */
CAIRN_INLINE void add_floor(real *restrict out, const real *a, const real *b, int64_t count, vec floor)
{
    int64_t i = 0;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES)
        vec_store(out + i, vec_max(floor, vec_load(a + i) + vec_load(b + i)));
    if (i < count) {
        vec_mask part = vec_first(count - i);
        vec_store_part(out + i, vec_max(floor, vec_load_part(a + i, part) + vec_load_part(b + i, part)),
                       part);
    }
}

static void span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count)
{
    cairn_activation_kind act = ((const cairn_add_attrs *)attrs)->act;
    add_floor(out, a, b, count, vec_set(act == CAIRN_ACT_RELU ? 0.0f : -INFINITY));
    if (act != CAIRN_ACT_NONE && act != CAIRN_ACT_RELU)
        vec_activate_span(act, out, out, count);
}

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 4);
}

static void run(const cairn_work *work)
{
    cairn_elementwise_run(work, span);
}

const cairn_kernel CAIRN_KERNEL(add) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
