/* Gradient of a maximum pool, vectorised over channels: in each lane the first pixel that holds the maximum takes it. */
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, 2 * site->in[1].elements * w->k_h * w->k_w);
}

static void give_pixel(const cairn_pool_window *w, const float *x, int64_t x_pitch, const float *y, const float *dy,
                       float *dx, int64_t dx_pitch, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec maximum = vec_load_part(y + c, mask), gradient = vec_load_part(dy + c, mask);
        for (int64_t row = 0; row < w->rows; row++)
            for (int64_t tap = 0; tap < w->columns; tap++) {
                int64_t pixel = w->first + row * w->row_step + tap * w->tap_step;
                float *to = dx + pixel * dx_pitch + c;
                ivec takes = vec_load_part(x + pixel * x_pitch + c, mask) == maximum;
                vec_store_part(to, vec_load_part(to, mask) + vec_select(takes, gradient, (vec){0}), mask);
                gradient = vec_select(takes, (vec){0}, gradient);
            }
    }
}

static void run(const cairn_work *work)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)work->attrs)->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->in[1], *dy = &work->in[2], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const float *from = cairn_image_of(x, n), *maxima = cairn_image_of(y, n), *gradients = cairn_image_of(dy, n);
        float *to = cairn_image_of(dx, n);
        cairn_pool_clear(dx, to);
        for (int64_t oy = 0; oy < y->h; oy++) {
            cairn_taps rows = cairn_taps_h(a, oy);
            for (int64_t ox = 0; ox < y->w; ox++, maxima += y->pitch, gradients += dy->pitch) {
                cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
                give_pixel(&window, from, x->pitch, maxima, gradients, to, dx->pitch, y->c);
            }
        }
    }
}

const cairn_kernel CAIRN_KERNEL(maxpool_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
