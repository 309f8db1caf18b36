/* Gradient of the weights of a convolution with many narrow groups; see groups.h. Products are summed in
 * registers along a row of pixels, and rows in memory. */
#include "ops/groups/groups.h"

#define CHANNELS 4 /* of a group, at a time */
#define TAPS 3     /* at a time */

static cairn_groups groups_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return cairn_groups_of(&attrs->geometry.window, attrs->groups, &site->in[0], &site->in[1], 1);
}

static bool fits(const cairn_site *site)
{
    return cairn_groups_fit(site->attrs, site->in[0].c, site->in[1].c);
}

static void plan(cairn_site *site)
{
    cairn_groups g = groups_of(site);
    cairn_unit_is_image(site, 2 * site->in[1].h * site->in[1].w * site->out[0].elements);
    site->scratch = cairn_groups_copy_bytes(&g, g.rows);
}

/* A row of pixels: what the first tap of its first pixel looks at, and the gradient of that tap's weights. */
typedef struct row {
    const float *x;
    const real *dy;
    float *dw;
    int64_t pixels, dy_pitch;
    vec_mask mask;
    bool add;
} row;

/* Channels first ... first + picks - 1 of the groups. */
CAIRN_INLINE void add_products(const cairn_groups *g, const row *r, int64_t first, const bool narrow,
                               const int taps, const int picks)
{
    vec acc[TAPS][CHANNELS];
    ivec lanes[CHANNELS];
    int64_t tap_step = g->window.dilation_w * g->span;
    const cairn_groups_form form = {.narrow = narrow};
    CAIRN_UNROLL
    for (int i = 0; i < picks; i++) {
        lanes[i] = g->lanes + (int32_t)(first + i);
        CAIRN_UNROLL
        for (int tap = 0; tap < taps; tap++)
            acc[tap][i] = (vec){0};
    }
    for (int64_t pixel = 0; pixel < r->pixels; pixel++) {
        vec dy = vec_load_part(r->dy + pixel * r->dy_pitch, r->mask);
        CAIRN_UNROLL
        for (int tap = 0; tap < taps; tap++) {
            CAIRN_UNROLL
            for (int i = 0; i < picks; i++)
                acc[tap][i] += dy * cairn_groups_pick(r->x + pixel * g->x_step + tap * tap_step, form,
                                                      lanes[i], first + i);
        }
    }
    CAIRN_UNROLL
    for (int tap = 0; tap < taps; tap++) {
        CAIRN_UNROLL
        for (int i = 0; i < picks; i++) {
            float *to = r->dw + (tap * g->width + first + i) * g->channels;
            vec before = r->add ? vec_load_part(to, r->mask) : (vec){0};
            vec_store_part(to, before + acc[tap][i], r->mask);
        }
    }
}

CAIRN_INLINE void add_taps(const cairn_groups *g, const row *r, const bool narrow, const int taps)
{
    int64_t i = 0;
    for (; i + CHANNELS <= g->width; i += CHANNELS)
        add_products(g, r, i, narrow, taps, CHANNELS);
    for (; i < g->width; i++)
        add_products(g, r, i, narrow, taps, 1);
}

static void add_tap_row(const cairn_groups *g, const row *r, int64_t taps)
{
    bool narrow = g->width < CAIRN_LANES;
    if (narrow && taps == TAPS)
        add_taps(g, r, true, TAPS);
    else if (narrow)
        add_taps(g, r, true, 1);
    else if (taps == TAPS)
        add_taps(g, r, false, TAPS);
    else
        add_taps(g, r, false, 1);
}

/* All taps of one row of dy for a vector of channels. x: the copy of what the row looks at. */
static void add_row(const cairn_work *work, const cairn_groups *g, row r, const float *x, int64_t c)
{
    const cairn_window *w = &g->window;
    float *dw = cairn_params_of(&work->out[0]) + c;
    for (int64_t ky = 0; ky < w->k_h; ky++)
        for (int64_t kx = 0, taps; kx < w->k_w; kx += taps) {
            taps = kx + TAPS <= w->k_w ? TAPS : 1;
            r.x = x + ky * w->dilation_h * g->x_row + kx * w->dilation_w * g->span;
            r.dw = dw + (ky * w->k_w + kx) * g->width * g->channels;
            add_tap_row(g, &r, taps);
        }
}

static void run_band(const cairn_work *work, const cairn_groups *g, int64_t image, int64_t first,
                     int64_t begin)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    float *copy = (float *)(void *)work->scratch;
    int64_t rows = cairn_min(g->rows, dy->h - first);
    cairn_groups_copy(g, x, cairn_image_of(x, image), first, rows, begin, copy);
    for (int64_t c = begin; c < cairn_min(begin + g->span, dy->c); c += CAIRN_LANES)
        for (int64_t y = 0; y < rows; y++) {
            row r = {.dy = cairn_image_of(dy, image) + (first + y) * cairn_row_stride(dy) + c,
                     .pixels = dy->w,
                     .dy_pitch = dy->pitch,
                     .mask = vec_first(dy->c - c),
                     .add = image > work->begin || first + y > 0};
            add_row(work, g, r, copy + y * g->window.stride_h * g->x_row, c);
        }
}

static void run(const cairn_work *work)
{
    cairn_groups g = groups_of(work->site);
    for (int64_t begin = 0; begin < g.channels; begin += g.span)
        for (int64_t image = work->begin; image < work->end; image++)
            for (int64_t first = 0; first < work->in[1].h; first += g.rows)
                run_band(work, &g, image, first, begin);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_groups) = {.name = "groups",
                                                              .isa = CAIRN_KERNEL_ISA,
                                                              .precisions = CAIRN_KERNEL_PRECISION,
                                                              .fits = fits,
                                                              .plan = plan,
                                                              .run = run};
