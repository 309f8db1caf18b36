/* The middle of a picture. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_zero_pad_attrs *pad = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t row = 0; row < dx->h; row++)
            for (int64_t column = 0; column < dx->w; column++) {
                int64_t from = (row + pad->top) * dy->w + column + pad->left;
                memcpy(cairn_image_of(dx, n) + (row * dx->w + column) * dx->pitch,
                       (const real *)cairn_image_of(dy, n) + from * dy->pitch, (size_t)dx->c * sizeof(real));
            }
}

const cairn_kernel CAIRN_KERNEL(zero_pad_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
