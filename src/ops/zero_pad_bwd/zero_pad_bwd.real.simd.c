/* The middle of a picture, row by row. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_zero_pad_attrs *pad = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, dx, unit);
        for (int64_t row = band.begin; row < band.end; row++)
            cairn_copy_run(cairn_image_of(dx, band.image) + row * cairn_row_stride(dx), dx->pitch,
                           cairn_image_of(dy, band.image) + (row + pad->top) * cairn_row_stride(dy) +
                               pad->left * dy->pitch,
                           dy->pitch, dx->w, dx->c);
    }
}

const cairn_kernel CAIRN_KERNEL(zero_pad_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
