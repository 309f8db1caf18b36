/* Every pixel gets an equal share. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    double pixels = (double)(dx->h * dx->w);
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++) {
            const real *from = cairn_image_of(dy, n);
            real *to = cairn_image_of(dx, n) + pixel * dx->pitch;
            for (int64_t c = 0; c < dx->c; c++)
                to[c] = (real)((double)from[c] / pixels);
        }
}

const cairn_kernel CAIRN_KERNEL(global_avgpool_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
