/* Flattening with the channel slowest. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *flat = &work->out[0];
    int64_t pixels = x->h * x->w;
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            for (int64_t c = 0; c < x->c; c++)
                ((real *)cairn_image_of(flat, n))[c * pixels + pixel] =
                    ((real *)cairn_image_of(x, n))[pixel * x->pitch + c];
}

const cairn_kernel CAIRN_KERNEL(flatten_chw_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
