/* Every pixel gets an equal share, vectorised over channels. */
#include "ops/real.h"
#include "ops/simd/vector.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *dx = &work->out[0];
    float pixels = (float)(dx->h * dx->w);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, dx, unit);
        const real *dy = cairn_image_of(&work->in[0], band.image);
        real *to = cairn_image_of(dx, band.image);
        for (int64_t c = 0; c < dx->c; c += CAIRN_LANES) {
            vec_mask mask = vec_first(dx->c - c);
            vec share = vec_load_part(dy + c, mask) / pixels;
            for (int64_t pixel = band.begin * dx->w; pixel < band.end * dx->w; pixel++)
                vec_store_part(to + pixel * dx->pitch + c, share, mask);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(global_avgpool_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
