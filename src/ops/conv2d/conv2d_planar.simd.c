/* Convolution from one channel, or few, to few channels, with vectors along the rows; see planar.h. */
#include "ops/planar/planar.h"
#include "ops/simd/functions.h"

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    const cairn_window *window;
    cairn_planes in;
    int64_t vectors; /* of an output row */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    const cairn_operand *x = &site->in[0];
    setup s = {.attrs = attrs, .window = w, .vectors = cairn_vectors(site->out[0].w)};
    s.in =
        cairn_planes_of(x->c, x->h + w->pad_top + w->pad_bottom, x->w + w->pad_left + w->pad_right, w->k_w);
    return s;
}

/* With more input channels than these the product form is better fed. */
static bool fits(const cairn_site *site)
{
    return !cairn_has(site, 3) && cairn_planar_fits(site->attrs, site->out[0].c) &&
           site->in[0].c <= CAIRN_PLANAR_CHANNELS;
}

static size_t row_bytes(const setup *s)
{
    return (size_t)(CAIRN_PLANAR_CHANNELS * s->vectors * CAIRN_LANES) * sizeof(float);
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *y = &site->out[0];
    cairn_unit_is_image(site, 2 * y->h * y->w * site->in[1].elements);
    site->scratch = cairn_planes_bytes(&s.in) + row_bytes(&s);
    site->packed =
        (size_t)(s.in.count * s.window->k_h * s.window->k_w * CAIRN_PLANAR_CHANNELS) * sizeof(float);
}

static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    int64_t out_c = work->site->out[0].c, taps = s.window->k_h * (int64_t)s.window->k_w;
    const float *w = cairn_image_of(&work->in[1], 0);
    float *to = (float *)(void *)work->packed;
    for (int64_t i = 0; i < s.in.count; i++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t c = 0; c < CAIRN_PLANAR_CHANNELS; c++)
                *to++ = c < out_c ? w[(tap * s.in.count + i) * out_c + c] : 0.0f;
}

static void run_image(const cairn_work *work, const setup *s, const float *start, float *row, int64_t image)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    int64_t row_step = s->vectors * CAIRN_LANES;
    float *out = cairn_image_of(y, image);
    cairn_planes_load(&s->in, x, cairn_image_of(x, image), s->window->pad_top, s->window->pad_left);
    cairn_planar_row t = {.p = s->in.data,
                          .w = (const float *)(const void *)work->packed,
                          .planes = s->in.count,
                          .plane = s->in.plane,
                          .row = s->in.row,
                          .taps_h = s->window->k_h,
                          .taps_w = s->window->k_w,
                          .plane_weights = (int64_t)s->window->k_h * s->window->k_w * CAIRN_PLANAR_CHANNELS,
                          .start = start};
    for (int64_t i = 0; i < y->h; i++, t.p += s->in.row, out += cairn_row_stride(y)) {
        cairn_planar_correlate(&t, s->vectors, row, row_step);
        if (y->pitch > y->c)
            vec_activate_span(s->attrs->act, row, row, y->c * row_step);
        cairn_planes_store_row(row, row_step, y->c, y->w, out, y->pitch);
        if (y->pitch == y->c) /* without what fills up rows of planes */
            vec_activate_span(s->attrs->act, out, out, y->w * y->c);
    }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    float start[CAIRN_PLANAR_CHANNELS] = {0};
    for (int64_t c = 0; cairn_has(work->site, 2) && c < work->site->out[0].c; c++)
        start[c] = ((const float *)cairn_image_of(&work->in[2], 0))[c];
    cairn_planes_place(&s.in, work->scratch);
    float *row = (float *)(void *)(work->scratch + cairn_planes_bytes(&s.in));
    for (int64_t image = work->begin; image < work->end; image++)
        run_image(work, &s, start, row, image);
}

const cairn_kernel CAIRN_KERNEL(conv2d_planar) = {.name = "planar",
                                                  .isa = CAIRN_KERNEL_ISA,
                                                  .precisions = CAIRN_KERNEL_PRECISION,
                                                  .fits = fits,
                                                  .plan = plan,
                                                  .pack = pack,
                                                  .run = run};
