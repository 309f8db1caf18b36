/* Mean over all pixels. Sums are kept for a few channels at a time. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->in[0].elements);
}

#define CHANNELS 64

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    int64_t pixels = x->h * x->w;
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t first = 0; first < x->c; first += CHANNELS) {
            int64_t count = cairn_min(x->c - first, CHANNELS);
            const real *from = (const real *)cairn_image_of(x, n) + first;
            real *to = cairn_image_of(y, n) + first;
            double sums[CHANNELS] = {0};
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                for (int64_t c = 0; c < count; c++)
                    sums[c] += (double)from[pixel * x->pitch + c];
            for (int64_t c = 0; c < count; c++)
                to[c] = (real)(sums[c] / (double)pixels);
        }
}

const cairn_kernel CAIRN_KERNEL(global_avgpool_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
