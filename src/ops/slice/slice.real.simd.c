/* A range of channels: copies of runs of pixels. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_slice_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        int64_t first = band.begin * y->w, pixels = (band.end - band.begin) * y->w;
        cairn_copy_run(cairn_image_of(y, band.image) + first * y->pitch, y->pitch,
                       cairn_image_of(x, band.image) + first * x->pitch + attrs->first, x->pitch, pixels,
                       y->c);
    }
}

const cairn_kernel CAIRN_KERNEL(slice) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
