/* Average pool, vectorised over channels. */
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, site->out[0].elements * w->k_h * w->k_w);
}

static void pool_pixel(const cairn_pool_window *w, const float *x, int64_t pitch, float factor, float *y,
                       int64_t channels)
{
    const float *first = x + w->first * pitch;
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec sum = {0};
        for (int64_t row = 0; row < w->rows; row++)
            for (int64_t tap = 0; tap < w->columns; tap++)
                sum += vec_load_part(first + (row * w->row_step + tap) * pitch + c, mask);
        vec_store_part(y + c, sum * factor, mask);
    }
}

static void run(const cairn_work *work)
{
    const cairn_pool_attrs *attrs = work->attrs;
    const cairn_window_attrs *a = &attrs->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const float *from = cairn_image_of(x, n);
        float *to = cairn_image_of(y, n);
        for (int64_t oy = 0; oy < y->h; oy++) {
            cairn_taps rows = cairn_taps_h(a, oy);
            for (int64_t ox = 0; ox < y->w; ox++, to += y->pitch) {
                cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
                pool_pixel(&window, from, x->pitch, 1.0f / (float)cairn_pool_divisor(attrs, oy, ox), to, y->c);
            }
        }
    }
}

const cairn_kernel CAIRN_KERNEL(avgpool) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
