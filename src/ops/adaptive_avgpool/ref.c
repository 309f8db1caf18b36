/* Adaptive mean. */
#include "ops/adaptive_avgpool/span.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->in[0].elements);
}

static void window_mean(const cairn_operand *x, const real *image, cairn_span_1d rows, cairn_span_1d columns,
                        real *to)
{
    double count = (double)((rows.end - rows.begin) * (columns.end - columns.begin));
    for (int64_t c = 0; c < x->c; c++) {
        double sum = 0;
        for (int64_t row = rows.begin; row < rows.end; row++)
            for (int64_t column = columns.begin; column < columns.end; column++)
                sum += (double)image[(row * x->w + column) * x->pitch + c];
        to[c] = (real)(sum / count);
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t i = 0; i < y->h; i++)
            for (int64_t j = 0; j < y->w; j++)
                window_mean(x, cairn_image_of(x, n), cairn_adaptive_span(i, x->h, y->h),
                            cairn_adaptive_span(j, x->w, y->w),
                            cairn_image_of(y, n) + (i * y->w + j) * y->pitch);
}

const cairn_kernel CAIRN_KERNEL(adaptive_avgpool_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
