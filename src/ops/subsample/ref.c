/* Every stride-th pixel, with channels of zeros. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_subsample_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < y->h * y->w; pixel++) {
            int64_t from = (pixel / y->w * x->w + pixel % y->w) * attrs->stride;
            real *to = cairn_image_of(y, n) + pixel * y->pitch;
            memset(to, 0, (size_t)y->c * sizeof *to);
            memcpy(to + attrs->before, (const real *)cairn_image_of(x, n) + from * x->pitch,
                   (size_t)x->c * sizeof *to);
        }
}

const cairn_kernel CAIRN_KERNEL(subsample_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
