/* Average pool, vectorised over channels. */
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_band(site, &site->out[0], site->out[0].elements * w->k_h * w->k_w);
}

CAIRN_INLINE void pool_vector(const cairn_pool_window *w, const real *first, int64_t pitch, float factor,
                              real *y, vec_mask mask)
{
    vec sum = {0};
    for (int64_t row = 0; row < w->rows; row++)
        for (int64_t tap = 0; tap < w->columns; tap++)
            sum += vec_load_part(first + (row * w->row_step + tap) * pitch, mask);
    vec_store_part(y, sum * factor, mask);
}

static void pool_pixel(const cairn_pool_window *w, const real *x, int64_t pitch, float factor, real *y,
                       int64_t channels)
{
    const real *first = x + w->first * pitch;
    CAIRN_FOR_CHANNELS(c, mask, channels, pool_vector(w, first + c, pitch, factor, y + c, mask));
}

/* A row of output pixels of the plain pool; from: the upper row of the input. */
CAIRN_INLINE void plain_vector(const real *p, int64_t right, int64_t below, real *to, float factor,
                               vec_mask mask)
{
    vec above = vec_load_part(p, mask) + vec_load_part(p + right, mask);
    vec under = vec_load_part(p + below, mask) + vec_load_part(p + below + right, mask);
    vec_store_part(to, (above + under) * factor, mask);
}

static void plain_rows(cairn_band band, const cairn_operand *x, const real *from, const cairn_operand *y,
                       real *to, float factor)
{
    int64_t below = cairn_row_stride(x), right = x->pitch;
    for (int64_t oy = band.begin; oy < band.end; oy++)
        for (int64_t ox = 0; ox < y->w; ox++) {
            const real *p = from + 2 * oy * below + 2 * ox * right;
            real *pixel = to + oy * cairn_row_stride(y) + ox * y->pitch;
            CAIRN_FOR_CHANNELS(c, mask, y->c, plain_vector(p + c, right, below, pixel + c, factor, mask));
        }
}

static void run(const cairn_work *work)
{
    const cairn_pool_attrs *attrs = work->attrs;
    const cairn_window_attrs *a = &attrs->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    bool plain = cairn_pool_is_plain(a);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        const real *from = cairn_image_of(x, band.image);
        real *to = cairn_image_of(y, band.image);
        if (plain) {
            plain_rows(band, x, from, y, to, 1.0f / (float)cairn_pool_divisor(attrs, 0, 0));
            continue;
        }
        to += band.begin * cairn_row_stride(y);
        for (int64_t oy = band.begin; oy < band.end; oy++) {
            cairn_taps rows = cairn_taps_h(a, oy);
            for (int64_t ox = 0; ox < y->w; ox++, to += y->pitch) {
                cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
                pool_pixel(&window, from, x->pitch, 1.0f / (float)cairn_pool_divisor(attrs, oy, ox), to,
                           y->c);
            }
        }
    }
}

const cairn_kernel CAIRN_KERNEL(avgpool) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
