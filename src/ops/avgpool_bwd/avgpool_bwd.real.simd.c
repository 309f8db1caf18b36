/* Gradient of an average pool, vectorised over channels. */
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, site->in[0].elements * w->k_h * w->k_w);
    site->scratch = cairn_pool_scratch(&site->out[0]);
}

static void spread_pixel(const cairn_pool_window *w, const real *dy, float factor,
                         const cairn_pool_sums *sums, int64_t channels)
{
    int64_t pitch = sums->pitch;
    float *first = sums->data + w->first * pitch;
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec share = vec_load_part(dy + c, mask) * factor;
        for (int64_t row = 0; row < w->rows; row++)
            for (int64_t tap = 0; tap < w->columns; tap++) {
                float *to = first + (row * w->row_step + tap) * pitch + c;
                vec_store_part(to, vec_load_part(to, mask) + share, mask);
            }
    }
}

/* The plain pool: every pixel of a window gets the same, and no window meets another. */
static void plain_image(const cairn_operand *dy, const real *from, const cairn_operand *dx, real *to,
                        float factor)
{
    int64_t below = cairn_row_stride(dx), right = dx->pitch;
    for (int64_t oy = 0; oy < dy->h; oy++)
        for (int64_t c = 0; c < dy->c; c += CAIRN_LANES) {
            vec_mask mask = vec_first(dy->c - c);
            for (int64_t ox = 0; ox < dy->w; ox++) {
                vec share = vec_load_part(from + (oy * dy->w + ox) * dy->pitch + c, mask) * factor;
                real *p = to + 2 * oy * below + 2 * ox * right + c;
                vec_store_part(p, share, mask);
                vec_store_part(p + right, share, mask);
                vec_store_part(p + below, share, mask);
                vec_store_part(p + below + right, share, mask);
            }
        }
}

static void run(const cairn_work *work)
{
    const cairn_pool_attrs *attrs = work->attrs;
    const cairn_window_attrs *a = &attrs->geometry;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    bool plain = cairn_pool_is_plain(a);
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(dy, n);
        real *to = cairn_image_of(dx, n);
        if (plain) {
            if (2 * dy->h != dx->h || 2 * dy->w != dx->w)
                cairn_pool_clear(dx, to);
            plain_image(dy, from, dx, to, 1.0f / (float)cairn_pool_divisor(attrs, 0, 0));
            continue;
        }
        cairn_pool_sums sums = cairn_pool_begin(work, dx, to);
        for (int64_t oy = 0; oy < dy->h; oy++) {
            cairn_taps rows = cairn_taps_h(a, oy);
            for (int64_t ox = 0; ox < dy->w; ox++, from += dy->pitch) {
                cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
                spread_pixel(&window, from, 1.0f / (float)cairn_pool_divisor(attrs, oy, ox), &sums, dy->c);
            }
        }
        cairn_pool_end(&sums, dx, to);
    }
}

const cairn_kernel CAIRN_KERNEL(avgpool_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
