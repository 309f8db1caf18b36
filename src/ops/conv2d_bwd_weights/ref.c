/* Gradient of a convolution with respect to its weights: reference. A unit is a tap (ky, kx, i) of the
 * weights, over the whole batch. */
#include "ops/real.h"
#include "ops/window.h"

static void plan(cairn_site *site)
{
    const cairn_operand *dy = &site->in[1], *dw = &site->out[0];
    site->units = dw->elements / dy->c;
    site->unit_flops = 2 * site->capacity * dy->elements;
}

/* Sum over one image for one weight. */
static double correlate(const cairn_conv2d_attrs *attrs, const cairn_operand *x, const real *image,
                        const cairn_operand *dy, const real *gradient, int64_t ky, int64_t kx,
                        int64_t channel)
{
    const cairn_window *a = &attrs->geometry.window;
    double sum = 0.0;
    for (int64_t oy = 0; oy < dy->h; oy++)
        for (int64_t ox = 0; ox < dy->w; ox++) {
            int64_t iy = oy * a->stride_h - a->pad_top + ky * a->dilation_h;
            int64_t ix = ox * a->stride_w - a->pad_left + kx * a->dilation_w;
            if (iy >= 0 && iy < x->h && ix >= 0 && ix < x->w)
                sum += (double)image[(iy * x->w + ix) * x->pitch + channel] *
                       (double)gradient[(oy * dy->w + ox) * dy->pitch];
        }
    return sum;
}

static void run(const cairn_work *work)
{
    const cairn_conv2d_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    real *dw = cairn_image_of(&work->out[0], 0);
    int64_t in_c = attrs->in_c / attrs->groups, out_c = dy->c / attrs->groups,
            k_w = attrs->geometry.window.k_w;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t i = unit % in_c, tap = unit / in_c;
        for (int64_t o = 0; o < dy->c; o++) {
            double sum = 0.0;
            for (int64_t n = 0; n < work->run->n; n++)
                sum += correlate(attrs, x, cairn_image_of(x, n), dy, cairn_image_of(dy, n) + o, tap / k_w,
                                 tap % k_w, o / out_c * in_c + i);
            dw[unit * dy->c + o] = (real)sum;
        }
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
