/* Maximum pool, vectorised over channels. */
#include "ops/simd/pool.h"
#include <math.h>

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_band(site, &site->out[0], site->out[0].elements * w->k_h * w->k_w);
}

/* A NaN in the window wins. Comparisons lose it in one operand, so it is looked for beside them. */
typedef struct best {
    vec value;
    vec_flags nan;
} best;

CAIRN_INLINE best best_of_two(vec a, vec b)
{
    return (best){vec_max(a, b), vec_unordered(a, b)};
}

CAIRN_INLINE best better(best a, best b)
{
    return (best){vec_max(a.value, b.value), a.nan | b.nan};
}

CAIRN_INLINE vec best_value(best b)
{
    return vec_choose(b.nan, vec_set(NAN), b.value);
}

CAIRN_INLINE void pool_vector(const cairn_pool_window *w, const real *first, int64_t pitch, real *y,
                              vec_mask mask)
{
    best all = best_of_two(vec_set(-INFINITY), vec_set(-INFINITY));
    int64_t right = w->tap_step * pitch;
    for (int64_t row = 0; row < w->rows; row++) {
        const real *p = first + row * w->row_step * pitch;
        int64_t tap = 0;
        for (; tap + 2 <= w->columns; tap += 2, p += 2 * right)
            all = better(all, best_of_two(vec_load_part(p, mask), vec_load_part(p + right, mask)));
        if (tap < w->columns)
            all = better(all, best_of_two(all.value, vec_load_part(p, mask)));
    }
    vec_store_part(y, best_value(all), mask);
}

static void pool_pixel(const cairn_pool_window *w, const real *x, int64_t pitch, real *y, int64_t channels)
{
    const real *first = x + w->first * pitch;
    CAIRN_FOR_CHANNELS(c, mask, channels, pool_vector(w, first + c, pitch, y + c, mask));
}

/* A pixel of the plain pool. */
CAIRN_INLINE void plain_vector(const real *p, int64_t right, int64_t below, real *to, vec_mask mask)
{
    best above = best_of_two(vec_load_part(p, mask), vec_load_part(p + right, mask));
    best under = best_of_two(vec_load_part(p + below, mask), vec_load_part(p + below + right, mask));
    vec_store_part(to, best_value(better(above, under)), mask);
}

/* Pixel by pixel, as it lies in memory. */
static void plain_rows(cairn_band band, const cairn_operand *x, const real *from, const cairn_operand *y,
                       real *to)
{
    int64_t below = cairn_row_stride(x), right = x->pitch;
    int64_t wholes = cairn_pool_wholes(y, y->w);
    for (int64_t oy = band.begin; oy < band.end; oy++)
        for (int64_t ox = 0; ox < y->w; ox++) {
            const real *p = from + 2 * oy * below + 2 * ox * right;
            real *pixel = to + oy * cairn_row_stride(y) + ox * y->pitch;
            int64_t channels = ox < wholes ? CAIRN_LANES : y->c;
            CAIRN_FOR_CHANNELS(c, mask, channels, plain_vector(p + c, right, below, pixel + c, mask));
        }
}

static void run(const cairn_work *work)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)work->attrs)->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    bool plain = cairn_pool_is_plain(a);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        const real *from = cairn_image_of(x, band.image);
        real *to = cairn_image_of(y, band.image);
        if (plain) {
            plain_rows(band, x, from, y, to);
            continue;
        }
        to += band.begin * cairn_row_stride(y);
        for (int64_t oy = band.begin; oy < band.end; oy++) {
            cairn_taps rows = cairn_taps_h(a, oy);
            for (int64_t ox = 0; ox < y->w; ox++, to += y->pitch) {
                cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
                pool_pixel(&window, from, x->pitch, to, y->c);
            }
        }
    }
}

const cairn_kernel CAIRN_KERNEL(maxpool) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
