/* Sums of squared deviations of the images of the work. */
#include "ops/batchnorm/channels.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 3 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    real *to = cairn_image_of(&work->out[0], 0);
    double n_all = cairn_norm_count(work, x), mean[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        double sums[CAIRN_NORM_BLOCK] = {0};
        for (int64_t c = 0; c < count; c++)
            mean[c] = cairn_channel_number(&work->in[1], first + c) / n_all;
        for (int64_t n = work->begin; n < work->end; n++) {
            const real *from = (const real *)cairn_image_of(x, n) + first;
            for (int64_t pixel = 0; pixel < x->h * x->w; pixel++, from += x->pitch)
                for (int64_t c = 0; c < count; c++)
                    sums[c] += ((double)from[c] - mean[c]) * ((double)from[c] - mean[c]);
        }
        for (int64_t c = 0; c < count; c++)
            to[first + c] = (real)sums[c];
    }
}

const cairn_kernel CAIRN_KERNEL(square_deviations_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
