/* Gradient of an average pool: reference. */
#include "ops/real.h"
#include "ops/window.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, site->in[0].elements * w->k_h * w->k_w);
}

static void spread(const cairn_window_attrs *a, const cairn_operand *dx, real *channel, real gradient,
                   int64_t oy, int64_t ox)
{
    cairn_taps rows = cairn_taps_h(a, oy), columns = cairn_taps_w(a, ox);
    for (int64_t ky = rows.begin; ky < rows.end; ky++)
        for (int64_t kx = columns.begin; kx < columns.end; kx++)
            channel[((rows.start + ky) * dx->w + columns.start + kx) * dx->pitch] += gradient;
}

static void run(const cairn_work *work)
{
    const cairn_pool_attrs *attrs = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(dy, n);
        real *to = cairn_image_of(dx, n);
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++)
            for (int64_t c = 0; c < dx->c; c++)
                to[pixel * dx->pitch + c] = 0;
        for (int64_t oy = 0; oy < dy->h; oy++)
            for (int64_t ox = 0; ox < dy->w; ox++) {
                real divisor = (real)cairn_pool_divisor(attrs, oy, ox);
                for (int64_t c = 0; c < dy->c; c++)
                    spread(&attrs->geometry, dx, to + c, from[(oy * dy->w + ox) * dy->pitch + c] / divisor,
                           oy, ox);
            }
    }
}

const cairn_kernel CAIRN_KERNEL(avgpool_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
