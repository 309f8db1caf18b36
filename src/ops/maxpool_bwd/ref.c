/* Gradient of a maximum pool: reference. */
#include "ops/real.h"
#include "ops/window.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, 2 * site->in[1].elements * w->k_h * w->k_w);
}

/* Adds the gradient of one window to the first pixel that holds the maximum, if the gate is open there. */
static void give(const cairn_window_attrs *a, const cairn_operand *x, const real *channel, real maximum,
                 real gradient, const cairn_operand *dx, real *to, const cairn_operand *by, const real *gate,
                 int64_t oy, int64_t ox)
{
    cairn_taps rows = cairn_taps_h(a, oy), columns = cairn_taps_w(a, ox);
    for (int64_t ky = rows.begin; ky < rows.end; ky++)
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t iy = rows.start + ky * a->window.dilation_h,
                    ix = columns.start + kx * a->window.dilation_w;
            if (channel[(iy * x->w + ix) * x->pitch] == maximum) {
                if (gate == NULL || gate[(iy * x->w + ix) * by->pitch] > 0)
                    to[(iy * x->w + ix) * dx->pitch] += gradient;
                return;
            }
        }
}

static void run(const cairn_work *work)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)work->attrs)->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->in[1], *dy = &work->in[2], *dx = &work->out[0],
                        *by = &work->in[3];
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(x, n), *maxima = cairn_image_of(y, n),
                   *gradients = cairn_image_of(dy, n);
        const real *gate = cairn_has(work->site, 3) ? cairn_image_of(by, n) : NULL;
        real *to = cairn_image_of(dx, n);
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++)
            for (int64_t c = 0; c < dx->c; c++)
                to[pixel * dx->pitch + c] = 0;
        for (int64_t oy = 0; oy < y->h; oy++)
            for (int64_t ox = 0; ox < y->w; ox++)
                for (int64_t c = 0; c < y->c; c++) {
                    int64_t pixel = oy * y->w + ox;
                    give(a, x, from + c, maxima[pixel * y->pitch + c], gradients[pixel * dy->pitch + c], dx,
                         to + c, by, gate != NULL ? gate + c : NULL, oy, ox);
                }
    }
}

const cairn_kernel CAIRN_KERNEL(maxpool_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
