/* Gradient of the adaptive mean: windows may overlap, so they are added. */
#include "ops/adaptive_avgpool/span.h"
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->out[0].elements);
}

static void spread(const cairn_operand *dx, real *image, cairn_span_1d rows, cairn_span_1d columns,
                   const real *dy)
{
    double count = (double)((rows.end - rows.begin) * (columns.end - columns.begin));
    for (int64_t row = rows.begin; row < rows.end; row++)
        for (int64_t column = columns.begin; column < columns.end; column++)
            for (int64_t c = 0; c < dx->c; c++) {
                real *to = image + (row * dx->w + column) * dx->pitch + c;
                *to = (real)((double)*to + (double)dy[c] / count);
            }
}

static void run(const cairn_work *work)
{
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        real *image = cairn_image_of(dx, n);
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++)
            memset(image + pixel * dx->pitch, 0, (size_t)dx->c * sizeof *image);
        for (int64_t i = 0; i < dy->h; i++)
            for (int64_t j = 0; j < dy->w; j++)
                spread(dx, image, cairn_adaptive_span(i, dx->h, dy->h), cairn_adaptive_span(j, dx->w, dy->w),
                       (const real *)cairn_image_of(dy, n) + (i * dy->w + j) * dy->pitch);
    }
}

const cairn_kernel CAIRN_KERNEL(adaptive_avgpool_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
