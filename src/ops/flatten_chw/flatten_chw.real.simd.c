/* Flattening with the channel slowest: squares of numbers turned round in registers. */
#include "ops/real.h"
#include "ops/simd/transpose.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    for (int64_t n = work->begin; n < work->end; n++)
        vec_transpose_all(cairn_image_of(x, n), x->pitch, x->h * x->w, cairn_image_of(&work->out[0], n),
                          x->h * x->w, x->c);
}

const cairn_kernel CAIRN_KERNEL(flatten_chw) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
