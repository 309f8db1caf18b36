/* Sum of squares: reference. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    for (int i = 0; i < site->inputs; i++)
        site->unit_flops += 2 * site->in[i].elements;
}

static void run(const cairn_work *work)
{
    const cairn_square_sum_attrs *attrs = work->attrs;
    double sum = attrs->chained ? (double)*cairn_image_of(&work->in[0], 0) : 0.0;
    for (int k = attrs->chained ? 1 : 0; k < work->site->inputs; k++) {
        const real *x = cairn_image_of(&work->in[k], 0);
        for (int64_t i = 0; i < work->in[k].elements; i++)
            sum += (double)x[i] * (double)x[i];
    }
    *cairn_image_of(&work->out[0], 0) = (real)sum;
}

const cairn_kernel CAIRN_KERNEL(square_sum_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
