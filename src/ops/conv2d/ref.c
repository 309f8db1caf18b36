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

/* Adds to the sums of some output channels of pixel (oy, ox) all taps on the picture. image, w: from the
 * first input channel of the group and the first of the output channels on. */
static void add_taps(const cairn_conv2d_attrs *attrs, const cairn_operand *x, const real *image,
                     const real *w, int64_t w_step, int64_t oy, int64_t ox, double *restrict sums,
                     int64_t channels)
{
    const cairn_window *window = &attrs->geometry.window;
    int64_t in_c = attrs->in_c / attrs->groups;
    cairn_taps rows = cairn_taps_h(&attrs->geometry, oy), columns = cairn_taps_w(&attrs->geometry, ox);
    for (int64_t ky = rows.begin; ky < rows.end; ky++)
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t iy = rows.start + ky * window->dilation_h, ix = columns.start + kx * window->dilation_w;
            const real *pixel = image + (iy * x->w + ix) * x->pitch;
            const real *weights = w + (ky * window->k_w + kx) * in_c * w_step;
            for (int64_t i = 0; i < in_c; i++)
                for (int64_t o = 0; o < channels; o++)
                    sums[o] += (double)pixel[i] * (double)weights[i * w_step + o];
        }
}

static void compute_pixel(const cairn_work *work, const real *image, int64_t oy, int64_t ox, real *to,
                          const real *addend)
{
    const cairn_conv2d_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const real *w = cairn_image_of(&work->in[1], 0);
    const real *bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL;
    int64_t in_c = attrs->in_c / attrs->groups, out_c = y->c / attrs->groups, channels;
    for (int64_t first = 0; first < y->c; first += channels) {
        int64_t group = first / out_c;
        double sums[CAIRN_REF_SUMS] = {0};
        channels = cairn_min(CAIRN_REF_SUMS, (group + 1) * out_c - first);
        add_taps(attrs, x, image + group * in_c, w + first, y->c, oy, ox, sums, channels);
        for (int64_t o = 0; o < channels; o++) {
            double sum = sums[o] + (bias != NULL ? (double)bias[first + o] : 0.0) +
                         (addend != NULL ? (double)addend[first + o] : 0.0);
            to[first + o] = (real)cairn_activate(attrs->act, sum);
        }
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t image = unit / y->h, oy = unit % y->h;
        real *row = cairn_image_of(y, image) + oy * cairn_row_stride(y);
        const cairn_operand *a = cairn_has(work->site, 3) ? &work->in[3] : NULL;
        const real *addend = a != NULL ? cairn_image_of(a, image) + oy * cairn_row_stride(a) : NULL;
        for (int64_t ox = 0; ox < y->w; ox++)
            compute_pixel(work, cairn_image_of(&work->in[0], image), oy, ox, row + ox * y->pitch,
                          a != NULL ? addend + ox * a->pitch : NULL);
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
