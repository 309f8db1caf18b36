/* Every stride-th pixel, with channels of zeros. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_subsample_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        for (int64_t pixel = band.begin * y->w; pixel < band.end * y->w; pixel++) {
            int64_t from = (pixel / y->w * x->w + pixel % y->w) * attrs->stride;
            real *to = cairn_image_of(y, band.image) + pixel * y->pitch;
            cairn_clear_pixel(to, attrs->before);
            cairn_copy_pixel(to + attrs->before, cairn_image_of(x, band.image) + from * x->pitch, x->c);
            cairn_clear_pixel(to + attrs->before + x->c, attrs->after);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(subsample) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
