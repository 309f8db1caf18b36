/* The pixels that were taken get their gradient. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_subsample_attrs *attrs = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, dx, unit);
        const real *image = (const real *)cairn_image_of(dy, band.image) + attrs->before;
        real *to = cairn_image_of(dx, band.image) + band.begin * cairn_row_stride(dx);
        for (int64_t row = band.begin; row < band.end; row++)
            for (int64_t column = 0; column < dx->w; column++, to += dx->pitch) {
                int64_t from = row / attrs->stride * dy->w + column / attrs->stride;
                if (row % attrs->stride == 0 && column % attrs->stride == 0)
                    cairn_copy_pixel(to, image + from * dy->pitch, dx->c);
                else
                    cairn_clear_pixel(to, dx->c);
            }
    }
}

const cairn_kernel CAIRN_KERNEL(subsample_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
