/* Bytes to numbers through a table: reference. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const real *table = cairn_image_of(&work->in[1], 0);
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < y->h * y->w; pixel++) {
            const uint8_t *from = (const uint8_t *)x->data + n * cairn_image_stride(x) + pixel * x->pitch;
            real *to = cairn_image_of(y, n) + pixel * y->pitch;
            for (int64_t c = 0; c < y->c; c++)
                to[c] = table[c * 256 + from[c]];
        }
}

const cairn_kernel CAIRN_KERNEL(normalize_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
