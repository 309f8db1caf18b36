/* The pixels that were taken get their gradient. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_subsample_attrs *attrs = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t row = 0; row < dx->h; row++)
            for (int64_t column = 0; column < dx->w; column++) {
                real *to = cairn_image_of(dx, n) + (row * dx->w + column) * dx->pitch;
                int64_t from = row / attrs->stride * dy->w + column / attrs->stride;
                if (row % attrs->stride == 0 && column % attrs->stride == 0)
                    memcpy(to, (const real *)cairn_image_of(dy, n) + from * dy->pitch + attrs->before,
                           (size_t)dx->c * sizeof *to);
                else
                    memset(to, 0, (size_t)dx->c * sizeof *to);
            }
}

const cairn_kernel CAIRN_KERNEL(subsample_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
