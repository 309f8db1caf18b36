/* Gradient of a convolution with respect to an input of few channels: dy in planes, correlated with the
 * turned-round kernel; see planar.h. Rows of the kernel that would look above or below dy are left out. */
#include "ops/planar/planar.h"

typedef struct setup {
    const cairn_window *window;
    cairn_planes in; /* dy with zeros on the left and right */
    int64_t left;
    int64_t vectors; /* of a row of dx */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    const cairn_operand *dy = &site->in[0], *dx = &site->out[0];
    setup s = {.window = w, .left = w->k_w - 1 - w->pad_left, .vectors = cairn_vectors(dx->w)};
    s.in = cairn_planes_of(dy->c, dy->h, cairn_max(dx->w, dy->w + s.left), w->k_w);
    return s;
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return !cairn_has(site, 2) && !cairn_has(site, 3) && cairn_planar_fits(attrs, site->out[0].c) &&
           w->pad_left < w->k_w && w->pad_right < w->k_w;
}

static int64_t packed_elements(const setup *s)
{
    return s->in.count * s->window->k_h * s->window->k_w * CAIRN_PLANAR_CHANNELS;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[0];
    cairn_unit_is_image(site, 2 * dy->h * dy->w * site->in[1].elements);
    site->scratch =
        cairn_planes_bytes(&s.in) + (size_t)(CAIRN_PLANAR_CHANNELS * s.vectors * CAIRN_LANES) * sizeof(float);
    site->packed = (size_t)packed_elements(&s) * sizeof(float);
}

/* [output channel][k_h][k_w][input channel], taps in reverse. */
static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    int64_t in_c = work->site->out[0].c, taps = s.window->k_h * (int64_t)s.window->k_w;
    const float *w = cairn_image_of(&work->in[1], 0);
    float *to = (float *)(void *)work->packed;
    for (int64_t o = 0; o < s.in.count; o++)
        for (int64_t tap = taps - 1; tap >= 0; tap--)
            for (int64_t c = 0; c < CAIRN_PLANAR_CHANNELS; c++)
                *to++ = c < in_c ? w[(tap * in_c + c) * s.in.count + o] : 0.0f;
}

static void run_image(const cairn_work *work, const setup *s, float *row, int64_t image)
{
    static const float zeros[CAIRN_PLANAR_CHANNELS] = {0};
    const cairn_operand *dy = &work->in[0], *dx = &work->out[0];
    int64_t row_step = s->vectors * CAIRN_LANES, k_h = s->window->k_h,
            row_weights = s->window->k_w * CAIRN_PLANAR_CHANNELS;
    float *out = cairn_image_of(dx, image);
    cairn_planes_load(&s->in, dy, cairn_image_of(dy, image), 0, s->left);
    cairn_planar_row t = {.planes = s->in.count,
                          .plane = s->in.plane,
                          .row = s->in.row,
                          .taps_w = s->window->k_w,
                          .plane_weights = k_h * row_weights,
                          .start = zeros};
    for (int64_t y = 0; y < dx->h; y++, out += cairn_row_stride(dx)) {
        int64_t above = y - (k_h - 1 - s->window->pad_top); /* the row of dy that the first tap looks at */
        int64_t first = cairn_max(0, -above), last = cairn_min(k_h, dy->h - above);
        t.p = s->in.data + (above + first) * s->in.row;
        t.w = (const float *)(const void *)work->packed + first * row_weights;
        t.taps_h = cairn_max(0, last - first);
        cairn_planar_correlate(&t, s->vectors, row, row_step);
        cairn_planes_store_row(row, row_step, dx->c, dx->w, out, dx->pitch);
    }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    cairn_planes_place(&s.in, work->scratch);
    float *row = (float *)(void *)(work->scratch + cairn_planes_bytes(&s.in));
    for (int64_t image = work->begin; image < work->end; image++)
        run_image(work, &s, row, image);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_planar) = {.name = "planar",
                                                           .isa = CAIRN_KERNEL_ISA,
                                                           .precisions = CAIRN_KERNEL_PRECISION,
                                                           .fits = fits,
                                                           .plan = plan,
                                                           .pack = pack,
                                                           .run = run};
