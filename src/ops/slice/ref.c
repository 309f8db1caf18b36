/* A range of channels: copy. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_slice_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = (const real *)cairn_image_of(x, n) + attrs->first;
        real *to = cairn_image_of(y, n);
        for (int64_t pixel = 0; pixel < y->h * y->w; pixel++)
            memcpy(to + pixel * y->pitch, from + pixel * x->pitch, (size_t)y->c * sizeof *to);
    }
}

const cairn_kernel CAIRN_KERNEL(slice_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
