/* Sums and squared deviations of the images of the work, in two passes. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    int64_t pixels = x->h * x->w, images = work->end - work->begin;
    real *sums = cairn_image_of(&work->out[0], 0), *squares = cairn_image_of(&work->out[1], 0);
    for (int64_t c = 0; c < x->c; c++) {
        double sum = 0, square = 0;
        for (int64_t n = work->begin; n < work->end; n++)
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                sum += (double)cairn_image_of(x, n)[pixel * x->pitch + c];
        double mean = sum / (double)(images * pixels);
        for (int64_t n = work->begin; n < work->end; n++)
            for (int64_t pixel = 0; pixel < pixels; pixel++) {
                double deviation = (double)cairn_image_of(x, n)[pixel * x->pitch + c] - mean;
                square += deviation * deviation;
            }
        sums[c] = (real)sum;
        squares[c] = (real)square;
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_statistics_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
