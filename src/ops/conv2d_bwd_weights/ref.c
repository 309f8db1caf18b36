/* Gradient of a convolution with respect to its weights: reference. A unit is a tap (ky, kx, i) of the
 * weights, over the whole batch. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    const cairn_operand *dy = &site->in[1], *dw = &site->out[0];
    site->units = dw->elements / dy->c;
    site->unit_flops = 2 * site->capacity * dy->elements;
}

/* Adds one image's products to the sums of some weights that differ in the output channel. image, gradient:
 * from the input channel and the first output channel on. */
static void correlate(const cairn_window *a, const cairn_operand *x, const real *image,
                      const cairn_operand *dy, const real *gradient, int64_t tap, double *restrict sums,
                      int64_t channels)
{
    int64_t ky = tap / a->k_w, kx = tap % a->k_w;
    for (int64_t oy = 0; oy < dy->h; oy++)
        for (int64_t ox = 0; ox < dy->w; ox++) {
            int64_t iy = oy * a->stride_h - a->pad_top + ky * a->dilation_h;
            int64_t ix = ox * a->stride_w - a->pad_left + kx * a->dilation_w;
            if (iy < 0 || iy >= x->h || ix < 0 || ix >= x->w)
                continue;
            double value = (double)image[(iy * x->w + ix) * x->pitch];
            const real *pixel = gradient + (oy * dy->w + ox) * dy->pitch;
            for (int64_t o = 0; o < channels; o++)
                sums[o] += value * (double)pixel[o];
        }
}

static void run(const cairn_work *work)
{
    const cairn_conv2d_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    real *dw = cairn_image_of(&work->out[0], 0);
    int64_t in_c = attrs->in_c / attrs->groups, out_c = dy->c / attrs->groups, channels;
    for (int64_t unit = work->begin; unit < work->end; unit++)
        for (int64_t first = 0; first < dy->c; first += channels) {
            int64_t group = first / out_c;
            double sums[CAIRN_REF_SUMS] = {0};
            channels = cairn_min(CAIRN_REF_SUMS, (group + 1) * out_c - first);
            for (int64_t n = 0; n < work->run->n; n++)
                correlate(&attrs->geometry.window, x, cairn_image_of(x, n) + group * in_c + unit % in_c, dy,
                          cairn_image_of(dy, n) + first, unit / in_c, sums, channels);
            for (int64_t o = 0; o < channels; o++)
                dw[unit * dy->c + first + o] = (real)sums[o];
        }
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
