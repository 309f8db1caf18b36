/* Sum of squares, vectorised. */
#include "ops/simd/squares.h"
#include <math.h>

static void plan(cairn_site *site)
{
    for (int i = 0; i < site->inputs; i++)
        site->unit_flops += 2 * site->in[i].elements;
}

static void run(const cairn_work *work)
{
    const cairn_square_sum_attrs *attrs = work->attrs;
    vec_clip none = {vec_set(1.0f), vec_set((float)INFINITY)};
    double sum = attrs->chained ? (double)*cairn_image_of(&work->in[0], 0) : 0.0;
    for (int k = attrs->chained ? 1 : 0; k < work->site->inputs; k++)
        sum += vec_squares(cairn_image_of(&work->in[k], 0), none, work->in[k].elements);
    *cairn_image_of(&work->out[0], 0) = (float)sum;
}

const cairn_kernel CAIRN_KERNEL(square_sum) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
