/* Check for finite numbers, vectorised: an exponent of all ones is none. */
#include "ops/real.h"
#include "ops/simd/vector.h"

#define EXPONENT 0x7F800000

static void plan(cairn_site *site)
{
    for (int i = 0; i < site->inputs; i++)
        site->unit_flops += site->in[i].elements;
}

static bool all_finite(const cairn_operand *x)
{
    const float *numbers = cairn_image_of(x, 0);
    ivec bad[4] = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (; i + 4 * CAIRN_LANES <= x->elements; i += 4 * CAIRN_LANES)
        for (int k = 0; k < 4; k++)
            bad[k] |= (vec_bits(vec_load(numbers + i + k * CAIRN_LANES)) & EXPONENT) == EXPONENT;
    for (; i < x->elements; i += CAIRN_LANES)
        bad[0] |= (vec_bits(vec_load_part(numbers + i, vec_first(x->elements - i))) & EXPONENT) == EXPONENT;
    ivec any = bad[0] | bad[1] | bad[2] | bad[3];
    int32_t found = 0;
    for (int k = 0; k < CAIRN_LANES; k++)
        found |= any[k];
    return found == 0;
}

static void run(const cairn_work *work)
{
    bool finite = true;
    for (int i = 0; i < work->site->inputs && finite; i++)
        finite = work->in[i].element == CAIRN_INT32 ? *(const int32_t *)(const void *)work->in[i].data != 0
                                                    : all_finite(&work->in[i]);
    *(int32_t *)(void *)work->out[0].data = finite;
}

const cairn_kernel CAIRN_KERNEL(finite) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
