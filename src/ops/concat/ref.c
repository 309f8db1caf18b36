/* Concatenation where the parts could not be made in place: copies. */
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *y = &work->out[0];
    int64_t channel = 0;
    for (int i = 0; i < work->site->inputs; channel += work->in[i++].c)
        for (int64_t n = work->begin; n < work->end; n++) {
            const cairn_operand *x = &work->in[i];
            const real *from = cairn_image_of(x, n);
            real *to = cairn_image_of(y, n) + channel;
            for (int64_t pixel = 0; pixel < y->h * y->w; pixel++)
                memcpy(to + pixel * y->pitch, from + pixel * x->pitch, (size_t)x->c * sizeof *to);
        }
}

const cairn_kernel CAIRN_KERNEL(concat_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
