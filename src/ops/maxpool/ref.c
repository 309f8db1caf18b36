/* Maximum pool: reference. */
#include "ops/real.h"
#include "ops/window.h"
#include <math.h>

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, site->out[0].elements * w->k_h * w->k_w);
}

static real maximum(const cairn_window_attrs *a, const cairn_operand *x, const real *channel, int64_t oy,
                    int64_t ox)
{
    cairn_taps rows = cairn_taps_h(a, oy), columns = cairn_taps_w(a, ox);
    real best = (real)-INFINITY;
    for (int64_t ky = rows.begin; ky < rows.end; ky++)
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t iy = rows.start + ky * a->window.dilation_h,
                    ix = columns.start + kx * a->window.dilation_w;
            real value = channel[(iy * x->w + ix) * x->pitch];
            if (value > best || isnan(value))
                best = value;
        }
    return best;
}

static void run(const cairn_work *work)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)work->attrs)->geometry;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(x, n);
        real *to = cairn_image_of(y, n);
        for (int64_t oy = 0; oy < y->h; oy++)
            for (int64_t ox = 0; ox < y->w; ox++)
                for (int64_t c = 0; c < y->c; c++)
                    to[(oy * y->w + ox) * y->pitch + c] = maximum(a, x, from + c, oy, ox);
    }
}

const cairn_kernel CAIRN_KERNEL(maxpool_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
