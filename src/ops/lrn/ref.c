/* Local response normalisation. */
#include "ops/lrn/bracket.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 20 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_lrn_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < y->h * y->w; pixel++) {
            const real *from = (const real *)cairn_image_of(x, n) + pixel * x->pitch;
            real *to = cairn_image_of(y, n) + pixel * y->pitch;
            for (int64_t c = 0; c < y->c; c++)
                to[c] = (real)((double)from[c] *
                               cairn_lrn_power(cairn_lrn_bracket(attrs, from, c, y->c), attrs->beta));
        }
}

const cairn_kernel CAIRN_KERNEL(lrn_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
