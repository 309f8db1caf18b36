/* Gradient of the weights of a convolution with many narrow groups; see groups.h. Products are summed in
 * registers over a band of rows, and bands in memory. */
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

/* Rows of pixels: what the first tap of their first pixel looks at, and the gradient of that tap's weights.
 */
typedef struct band {
    const float *x;
    const real *dy;
    float *dw;
    int64_t rows, pixels, x_row, dy_row, dy_pitch;
    vec_mask mask;
    bool add;
} band;

/* Channels first ... first + picks - 1 of the groups. */
CAIRN_INLINE void add_products(const cairn_groups *g, const band *b, int64_t first, const bool narrow,
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
    for (int64_t y = 0; y < b->rows; y++) {
        const float *x = b->x + y * b->x_row;
        const real *row = b->dy + y * b->dy_row;
        for (int64_t pixel = 0; pixel < b->pixels; pixel++, x += g->x_step, row += b->dy_pitch) {
            vec dy = vec_load_part(row, b->mask);
            CAIRN_UNROLL
            for (int tap = 0; tap < taps; tap++) {
                CAIRN_UNROLL
                for (int i = 0; i < picks; i++)
                    acc[tap][i] += dy * cairn_groups_pick(x + tap * tap_step, form, lanes[i], first + i);
            }
        }
    }
    CAIRN_UNROLL
    for (int tap = 0; tap < taps; tap++) {
        CAIRN_UNROLL
        for (int i = 0; i < picks; i++) {
            float *to = b->dw + (tap * g->width + first + i) * g->channels;
            vec before = b->add ? vec_load_part(to, b->mask) : (vec){0};
            vec_store_part(to, before + acc[tap][i], b->mask);
        }
    }
}

CAIRN_INLINE void add_taps(const cairn_groups *g, const band *b, const bool narrow, const int taps)
{
    int64_t i = 0;
    for (; i + CHANNELS <= g->width; i += CHANNELS)
        add_products(g, b, i, narrow, taps, CHANNELS);
    for (; i < g->width; i++)
        add_products(g, b, i, narrow, taps, 1);
}

static void add_tap_row(const cairn_groups *g, const band *b, int64_t taps)
{
    bool narrow = g->width < CAIRN_LANES;
    if (narrow && taps == TAPS)
        add_taps(g, b, true, TAPS);
    else if (narrow)
        add_taps(g, b, true, 1);
    else if (taps == TAPS)
        add_taps(g, b, false, TAPS);
    else
        add_taps(g, b, false, 1);
}

/* All taps for a vector of channels. x: the copy of what the band looks at. */
static void add_vector(const cairn_work *work, const cairn_groups *g, band b, const float *x, int64_t c)
{
    const cairn_window *w = &g->window;
    float *dw = cairn_params_of(&work->out[0]) + c;
    for (int64_t ky = 0; ky < w->k_h; ky++)
        for (int64_t kx = 0, taps; kx < w->k_w; kx += taps) {
            taps = kx + TAPS <= w->k_w ? TAPS : 1;
            b.x = x + ky * w->dilation_h * g->x_row + kx * w->dilation_w * g->span;
            b.dw = dw + (ky * w->k_w + kx) * g->width * g->channels;
            add_tap_row(g, &b, taps);
        }
}

static void run_band(const cairn_work *work, const cairn_groups *g, int64_t image, int64_t first,
                     int64_t begin)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    float *copy = (float *)(void *)work->scratch;
    int64_t rows = cairn_min(g->rows, dy->h - first);
    cairn_groups_copy(g, x, cairn_image_of(x, image), first, rows, begin, copy);
    for (int64_t c = begin; c < cairn_min(begin + g->span, dy->c); c += CAIRN_LANES) {
        band b = {.dy = cairn_image_of(dy, image) + first * cairn_row_stride(dy) + c,
                  .rows = rows,
                  .pixels = dy->w,
                  .x_row = g->window.stride_h * g->x_row,
                  .dy_row = cairn_row_stride(dy),
                  .dy_pitch = dy->pitch,
                  .mask = vec_first(dy->c - c),
                  .add = image > work->begin || first > 0};
        add_vector(work, g, b, copy, c);
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
