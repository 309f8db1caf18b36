/* Gradient of a convolution with respect to its input: reference. A unit is a row of input pixels; each pixel
 * gathers from the outputs that it fed. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    const cairn_operand *dx = &site->out[0], *w = &site->in[1];
    site->per_image = true;
    site->units = dx->h;
    site->unit_flops = 2 * dx->w * w->elements;
}

/* The output position that tap k of a window put on input position `in`, or -1. */
static int64_t output_of(int64_t in, int64_t k, int64_t stride, int64_t pad, int64_t dilation,
                         int64_t outputs)
{
    int64_t position = in + pad - k * dilation;
    if (position < 0 || position % stride != 0 || position / stride >= outputs)
        return -1;
    return position / stride;
}

/* Adds to the sums of some input channels, all of one group, what their pixel (iy, ix) fed. w: from the first
 * of them on; image, w: from the first output channel of the group on. */
static void gather(const cairn_conv2d_attrs *attrs, const cairn_operand *dy, const real *image, const real *w,
                   int64_t iy, int64_t ix, double *sums, int64_t channels)
{
    const cairn_window *a = &attrs->geometry.window;
    int64_t in_c = attrs->in_c / attrs->groups, out_c = dy->c / attrs->groups;
    for (int64_t ky = 0; ky < a->k_h; ky++)
        for (int64_t kx = 0; kx < a->k_w; kx++) {
            int64_t oy = output_of(iy, ky, a->stride_h, a->pad_top, a->dilation_h, dy->h);
            int64_t ox = output_of(ix, kx, a->stride_w, a->pad_left, a->dilation_w, dy->w);
            if (oy < 0 || ox < 0)
                continue;
            const real *pixel = image + (oy * dy->w + ox) * dy->pitch;
            const real *weights = w + (ky * a->k_w + kx) * in_c * dy->c;
            for (int64_t i = 0; i < channels; i++)
                for (int64_t o = 0; o < out_c; o++)
                    sums[i] += (double)pixel[o] * (double)weights[i * dy->c + o];
        }
}

static void run(const cairn_work *work)
{
    const cairn_conv2d_attrs *attrs = work->attrs;
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0],
                        *other = cairn_has(work->site, 2) ? &work->in[2] : NULL,
                        *by = cairn_has(work->site, 3) ? &work->in[3] : NULL;
    const real *w = cairn_image_of(&work->in[1], 0);
    int64_t in_c = attrs->in_c / attrs->groups, out_c = dy->c / attrs->groups, channels;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t image = unit / dx->h, iy = unit % dx->h;
        real *row = cairn_image_of(dx, image) + iy * cairn_row_stride(dx);
        const real *addend =
            other != NULL ? cairn_image_of(other, image) + iy * cairn_row_stride(other) : NULL;
        const real *gate = by != NULL ? cairn_image_of(by, image) + iy * cairn_row_stride(by) : NULL;
        for (int64_t ix = 0; ix < dx->w; ix++)
            for (int64_t first = 0; first < dx->c; first += channels) {
                int64_t group = first / in_c;
                double sums[CAIRN_REF_SUMS] = {0};
                channels = cairn_min(CAIRN_REF_SUMS, (group + 1) * in_c - first);
                gather(attrs, dy, cairn_image_of(dy, image) + group * out_c,
                       w + first % in_c * dy->c + group * out_c, iy, ix, sums, channels);
                for (int64_t i = 0; i < channels && addend != NULL; i++)
                    sums[i] += (double)addend[ix * other->pitch + first + i];
                for (int64_t i = 0; i < channels && gate != NULL; i++)
                    sums[i] = gate[ix * by->pitch + first + i] > 0 ? sums[i] : 0;
                for (int64_t i = 0; i < channels; i++)
                    row[ix * dx->pitch + first + i] = (real)sums[i];
            }
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
