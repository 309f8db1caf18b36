/* Convolution: reference. A unit is a row of output pixels. */
#include "ops/activate.h"
#include "ops/real.h"
#include "ops/window.h"

static void plan(cairn_site *site)
{
    const cairn_operand *y = &site->out[0], *w = &site->in[1];
    site->per_image = true;
    site->units = y->h;
    site->unit_flops = 2 * y->w * w->elements;
}

/* One output channel of one pixel: the sum over the taps on the picture. x: the image. */
static double dot(const cairn_conv2d_attrs *attrs, const cairn_operand *x, const real *image, const real *w,
                  int64_t out_c, int64_t oy, int64_t ox, int64_t o)
{
    const cairn_window *window = &attrs->geometry.window;
    int64_t in_c = attrs->in_c / attrs->groups, first = o / (out_c / attrs->groups) * in_c;
    cairn_taps rows = cairn_taps_h(&attrs->geometry, oy), columns = cairn_taps_w(&attrs->geometry, ox);
    double sum = 0.0;
    for (int64_t ky = rows.begin; ky < rows.end; ky++)
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t iy = rows.start + ky * window->dilation_h, ix = columns.start + kx * window->dilation_w;
            const real *pixel = image + (iy * x->w + ix) * x->pitch + first;
            const real *weights = w + (ky * window->k_w + kx) * in_c * out_c + o;
            for (int64_t i = 0; i < in_c; i++)
                sum += (double)pixel[i] * (double)weights[i * out_c];
        }
    return sum;
}

static void run(const cairn_work *work)
{
    const cairn_conv2d_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const real *w = cairn_image_of(&work->in[1], 0);
    const real *bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t image = unit / y->h, oy = unit % y->h;
        const real *from = cairn_image_of(x, image);
        real *row = cairn_image_of(y, image) + oy * cairn_row_stride(y);
        for (int64_t ox = 0; ox < y->w; ox++)
            for (int64_t o = 0; o < y->c; o++) {
                double sum = dot(attrs, x, from, w, y->c, oy, ox, o) + (bias != NULL ? (double)bias[o] : 0.0);
                row[ox * y->pitch + o] = (real)cairn_activate(attrs->act, sum);
            }
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
