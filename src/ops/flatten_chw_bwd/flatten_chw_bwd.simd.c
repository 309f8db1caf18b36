/* Back to the channel fastest: squares of numbers turned round in registers. */
#include "ops/real.h"
#include "ops/simd/transpose.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        vec_transpose_all(cairn_image_of(&work->in[0], n), x->h * x->w, x->c, cairn_image_of(x, n), x->pitch,
                          x->h * x->w);
}

const cairn_kernel CAIRN_KERNEL(flatten_chw_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
