/* Zeros around the picture. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_zero_pad_attrs *pad = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t row = 0; row < y->h; row++)
            for (int64_t column = 0; column < y->w; column++) {
                int64_t from_row = row - pad->top, from_column = column - pad->left;
                bool inside = from_row >= 0 && from_row < x->h && from_column >= 0 && from_column < x->w;
                real *to = cairn_image_of(y, n) + (row * y->w + column) * y->pitch;
                if (inside)
                    memcpy(to,
                           (const real *)cairn_image_of(x, n) + (from_row * x->w + from_column) * x->pitch,
                           (size_t)y->c * sizeof *to);
                else
                    memset(to, 0, (size_t)y->c * sizeof *to);
            }
}

const cairn_kernel CAIRN_KERNEL(zero_pad_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
