/* Adaptive mean, vectorised over channels. */
#include "ops/adaptive_avgpool/span.h"
#include "ops/real.h"
#include "ops/simd/wide.h"

/* Windows overlap by less than a pixel on each side, so the input is read at most about four times. */
static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], site->in[0].elements + 4 * site->out[0].elements);
}

static void window_mean(const cairn_operand *x, const real *image, cairn_span_1d rows, cairn_span_1d columns,
                        real *to)
{
    double share = 1.0 / (double)((rows.end - rows.begin) * (columns.end - columns.begin));
    for (int64_t c = 0; c < x->c; c += CAIRN_LANES) {
        vec_mask mask = vec_first(x->c - c);
        wide sum = {{0}, {0}};
        for (int64_t row = rows.begin; row < rows.end; row++)
            for (int64_t column = columns.begin; column < columns.end; column++)
                sum =
                    wide_add(sum, wide_of(vec_load_part(image + (row * x->w + column) * x->pitch + c, mask)));
        vec_store_part(to + c, wide_round((wide){sum.low * share, sum.high * share}), mask);
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        for (int64_t i = band.begin; i < band.end; i++)
            for (int64_t j = 0; j < y->w; j++)
                window_mean(x, cairn_image_of(x, band.image), cairn_adaptive_span(i, x->h, y->h),
                            cairn_adaptive_span(j, x->w, y->w),
                            cairn_image_of(y, band.image) + (i * y->w + j) * y->pitch);
    }
}

const cairn_kernel CAIRN_KERNEL(adaptive_avgpool) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
