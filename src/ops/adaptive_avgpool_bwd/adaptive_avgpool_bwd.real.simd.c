/* Gradient of the adaptive mean, vectorised over channels: windows may overlap, so they are added. */
#include "ops/adaptive_avgpool/span.h"
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
    site->scratch = cairn_pool_scratch(&site->out[0]);
}

static void spread(const cairn_operand *dx, const cairn_pool_sums *sums, cairn_span_1d rows,
                   cairn_span_1d columns, const real *dy)
{
    float count = (float)((rows.end - rows.begin) * (columns.end - columns.begin));
    for (int64_t c = 0; c < dx->c; c += CAIRN_LANES) {
        vec_mask mask = vec_first(dx->c - c);
        vec share = vec_load_part(dy + c, mask) / count;
        for (int64_t row = rows.begin; row < rows.end; row++)
            for (int64_t column = columns.begin; column < columns.end; column++) {
                float *to = sums->data + (row * dx->w + column) * sums->pitch + c;
                vec_store_part(to, vec_load_part(to, mask) + share, mask);
            }
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(dy, n);
        real *image = cairn_image_of(dx, n);
        cairn_pool_sums sums = cairn_pool_begin(work, dx, image);
        for (int64_t i = 0; i < dy->h; i++)
            for (int64_t j = 0; j < dy->w; j++)
                spread(dx, &sums, cairn_adaptive_span(i, dx->h, dy->h), cairn_adaptive_span(j, dx->w, dy->w),
                       from + (i * dy->w + j) * dy->pitch);
        cairn_pool_end(&sums, dx, image);
    }
}

const cairn_kernel CAIRN_KERNEL(adaptive_avgpool_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
