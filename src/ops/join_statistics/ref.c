/* Statistics of the batch from those of its parts, in double. */
#include "ops/real.h"
#include "ops/sum_parts/sum_parts.h"

static void plan(cairn_site *site)
{
    const cairn_parts_attrs *attrs = site->attrs;
    site->units = site->out[0].elements;
    site->unit_flops = 8 * cairn_ceil_div(site->capacity, attrs->images_per_part);
}

static void run(const cairn_work *work)
{
    const cairn_parts_attrs *attrs = work->attrs;
    int64_t images = work->run->n, per_part = attrs->images_per_part,
            parts = cairn_ceil_div(images, per_part);
    const real *part_sums = (const real *)(const void *)work->in[0].data;
    const real *part_squares = (const real *)(const void *)work->in[1].data;
    real *sums = (real *)(void *)work->out[0].data, *squares = (real *)(void *)work->out[1].data;
    for (int64_t c = work->begin; c < work->end; c++) {
        double sum = 0, square = 0;
        for (int64_t p = 0; p < parts; p++)
            sum += (double)part_sums[p * attrs->stride + c];
        double mean = sum / (double)(images * attrs->pixels);
        for (int64_t p = 0; p < parts; p++) {
            double pixels = (double)(cairn_min(per_part, images - p * per_part) * attrs->pixels);
            double deviation = (double)part_sums[p * attrs->stride + c] / pixels - mean;
            square += (double)part_squares[p * attrs->stride + c] + pixels * deviation * deviation;
        }
        sums[c] = (real)sum;
        squares[c] = (real)square;
    }
}

const cairn_kernel CAIRN_KERNEL(join_statistics_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
