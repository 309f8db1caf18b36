/* Check for finite numbers: reference. */
#include "ops/real.h"
#include <math.h>

static void plan(cairn_site *site)
{
    for (int i = 0; i < site->inputs; i++)
        site->unit_flops += site->in[i].elements;
}

static bool all_finite(const cairn_operand *x)
{
    const real *numbers = cairn_image_of(x, 0);
    for (int64_t i = 0; i < x->elements; i++)
        if (!isfinite(numbers[i]))
            return false;
    return true;
}

static void run(const cairn_work *work)
{
    bool finite = true;
    for (int i = 0; i < work->site->inputs && finite; i++)
        finite = work->in[i].element == CAIRN_INT32 ? *(const int32_t *)(const void *)work->in[i].data != 0
                                                    : all_finite(&work->in[i]);
    *(int32_t *)(void *)work->out[0].data = finite;
}

const cairn_kernel CAIRN_KERNEL(finite_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
