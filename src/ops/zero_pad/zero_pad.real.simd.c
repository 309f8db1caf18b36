/* Zeros around the picture, row by row. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_zero_pad_attrs *pad = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        for (int64_t row = band.begin; row < band.end; row++) {
            int64_t from = row - pad->top;
            real *to = cairn_image_of(y, band.image) + row * cairn_row_stride(y);
            if (from < 0 || from >= x->h) {
                cairn_clear_run(to, y->pitch, y->w, y->c);
                continue;
            }
            cairn_clear_run(to, y->pitch, pad->left, y->c);
            to += pad->left * y->pitch;
            cairn_copy_run(to, y->pitch, cairn_image_of(x, band.image) + from * cairn_row_stride(x), x->pitch,
                           x->w, y->c);
            cairn_clear_run(to + x->w * y->pitch, y->pitch, pad->right, y->c);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(zero_pad) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
