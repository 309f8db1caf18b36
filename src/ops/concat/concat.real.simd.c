/* Concatenation where the parts could not be made in place: copies of runs of pixels. */
#include "ops/simd/copy.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        int64_t first = band.begin * y->w, pixels = (band.end - band.begin) * y->w, channel = 0;
        for (int i = 0; i < work->site->inputs; channel += work->in[i++].c) {
            const cairn_operand *x = &work->in[i];
            cairn_copy_run(cairn_image_of(y, band.image) + first * y->pitch + channel, y->pitch,
                           cairn_image_of(x, band.image) + first * x->pitch, x->pitch, pixels, x->c);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(concat) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
