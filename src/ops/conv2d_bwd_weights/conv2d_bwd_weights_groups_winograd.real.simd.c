/* Gradient of the weights of a 3 x 3 convolution at stride 1 with many narrow groups, by Winograd's F(4, 3);
 * see groups/winograd.h. A unit is a span of channels, over the whole batch, some bands at a time:
 *
 *     V[product][tile][lane]     transformed pictures
 *     D[product][tile][lane]     transformed gradients
 *     S[product][i][lane]        += sum over tiles of pick_i(V[product][tile]) * D[product][tile]
 *
 * and at last dw from S. */
#include "ops/groups/winograd.h"

#define TILES_BYTES 32768 /* of V and D, if the tiles of a band do not take more */
#define SUMS 8            /* at a time: they hide each other's latency */

typedef struct setup {
    cairn_gw gw;
    int64_t tiles, v_plane; /* most tiles at a time, elements from product to product of V and D */
    int64_t s_plane;        /* of S */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    setup s = {.gw = cairn_gw_of(&attrs->geometry.window, attrs->groups, &site->in[0], &site->in[1], 2)};
    const cairn_groups *g = &s.gw.g;
    int64_t tile_bytes = 2 * CAIRN_GW_PRODUCTS * g->span * (int64_t)sizeof(float);
    s.tiles = cairn_max(TILES_BYTES / tile_bytes / s.gw.band_tiles, 1) * s.gw.band_tiles;
    s.v_plane = s.tiles * g->span;
    s.s_plane = g->width * g->span;
    return s;
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return cairn_groups_span(attrs, site->in[0].c, site->in[1].c) &&
           cairn_gw_fits(site, &attrs->geometry.window, attrs->groups, &site->in[0], &site->in[1]);
}

static void plan(cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    setup s = setup_of(site);
    const cairn_groups *g = &s.gw.g;
    int64_t flops = 2 * s.gw.tiles.count * CAIRN_GW_PRODUCTS * g->span * (g->width + 8);
    site->scratch =
        (size_t)(cairn_gw_half_elements(&s.gw) + CAIRN_GW_PRODUCTS * (2 * s.v_plane + s.s_plane)) *
        sizeof(float);
    if (attrs->groups == 1) {
        cairn_unit_is_image(site, flops);
        return;
    }
    site->units = g->spans;
    site->unit_flops = site->capacity * flops;
}

/* S of one product. */
typedef struct factors {
    const float *v, *d;
    float *sums;
    int64_t tiles, span;
    bool add;
} factors;

/* Channels i ... i + picks - 1 of the groups, and the gradients of so many vectors from lane `lane` on.
 * Widths of groups that share a vector are known. */
CAIRN_INLINE void add_picks(const factors *f, int64_t i, int64_t lane, const int width, const int picks,
                            const int vectors)
{
    vec acc[SUMS][SUMS];
    float *sums = f->sums + i * f->span + lane;
    CAIRN_UNROLL
    for (int p = 0; p < picks; p++) {
        CAIRN_UNROLL
        for (int k = 0; k < vectors; k++)
            acc[p][k] = f->add ? vec_load(sums + p * f->span + k * CAIRN_LANES) : (vec){0};
    }
    for (int64_t t = 0; t < f->tiles; t++) {
        const float *v = f->v + t * f->span, *d = f->d + t * f->span + lane;
        CAIRN_UNROLL
        for (int p = 0; p < picks; p++) {
            vec x = width > 0 ? cairn_groups_pick_known(vec_load(v), width, p) : vec_set(v[i + p]);
            CAIRN_UNROLL
            for (int k = 0; k < vectors; k++)
                acc[p][k] += x * vec_load(d + k * CAIRN_LANES);
        }
    }
    CAIRN_UNROLL
    for (int p = 0; p < picks; p++) {
        CAIRN_UNROLL
        for (int k = 0; k < vectors; k++)
            vec_store(sums + p * f->span + k * CAIRN_LANES, acc[p][k]);
    }
}

CAIRN_INLINE void add_wide(const factors *f, int64_t width, const int picks, const int vectors)
{
    for (int64_t i = 0; i < width; i += picks)
        for (int64_t lane = 0; lane < f->span; lane += vectors * CAIRN_LANES)
            add_picks(f, i, lane, 0, picks, vectors);
}

static void add_products(const factors *f, int64_t width)
{
    switch (width < CAIRN_LANES ? width : 0) {
    case 1:
        add_picks(f, 0, 0, 1, 1, 1);
        break;
    case 2:
        add_picks(f, 0, 0, 2, 2, 1);
        break;
    case 4:
        add_picks(f, 0, 0, 4, 4, 1);
        break;
#if CAIRN_LANES > 8
    case 8:
        add_picks(f, 0, 0, 8, 8, 1);
        break;
#endif
    default:
        if (f->span > CAIRN_LANES)
            add_wide(f, width, SUMS / 2, 2);
        else
            add_wide(f, width, CAIRN_LANES < SUMS ? CAIRN_LANES : SUMS, 1);
    }
}

/* Where the parts of scratch begin. */
typedef struct parts {
    float *half, *v, *d, *sums;
} parts;

static parts parts_of(const cairn_work *work, const setup *s)
{
    parts p = {.half = (float *)(void *)work->scratch};
    p.v = p.half + cairn_gw_half_elements(&s->gw);
    p.d = p.v + CAIRN_GW_PRODUCTS * s->v_plane;
    p.sums = p.d + CAIRN_GW_PRODUCTS * s->v_plane;
    return p;
}

/* Adds the products of the tiles in V and D. */
static void multiply(const setup *s, const parts *p, int64_t tiles, bool add, const cairn_gw_ahead *ahead)
{
    factors f = {.tiles = tiles, .span = s->gw.g.span, .add = add};
    for (int product = 0; product < CAIRN_GW_PRODUCTS; product++) {
        f.v = p->v + product * s->v_plane;
        f.d = p->d + product * s->v_plane;
        f.sums = p->sums + product * s->s_plane;
        cairn_gw_fetch(ahead, product);
        add_products(&f, s->gw.g.width);
    }
}

static void finish(const setup *s, const parts *p, int64_t c, const cairn_operand *dw)
{
    const cairn_groups *g = &s->gw.g;
    for (int64_t i = 0; i < g->width; i++)
        for (int64_t lane = 0; lane < cairn_min(g->span, g->channels - c); lane += CAIRN_LANES)
            cairn_winograd_weights_gradient(
                p->sums + i * g->span + lane, s->s_plane, cairn_params_of(dw) + i * g->channels + c + lane,
                g->width * g->channels, vec_first(g->channels - c - lane), CAIRN_GW_M);
}

/* A span of the images begin ... end - 1. */
static void run_span(const cairn_work *work, const setup *s, int64_t span, int64_t begin, int64_t end)
{
    const cairn_window *w = &s->gw.g.window;
    parts p = parts_of(work, s);
    int64_t tiles = 0, last = end * s->gw.bands;
    bool add = false;
    for (int64_t number = begin * s->gw.bands; number < last; number++) {
        cairn_gw_band band = cairn_gw_band_of(&s->gw, span, number / s->gw.bands, number % s->gw.bands);
        int64_t at = tiles * s->gw.g.span;
        cairn_gw_transform(&s->gw, &work->in[0], &band, w->pad_top, w->pad_left, CAIRN_GW_T,
                           cairn_winograd_input, p.half, p.v + at, s->v_plane);
        cairn_gw_transform(&s->gw, &work->in[1], &band, 0, 0, CAIRN_GW_M, cairn_winograd_output_gradient,
                           p.half, p.d + at, s->v_plane);
        tiles += band.rows * s->gw.tiles.in_row;
        if (tiles + s->gw.band_tiles <= s->tiles && number + 1 < last)
            continue;
        cairn_gw_ahead ahead = {0};
        cairn_gw_will_read(&ahead, &s->gw, &work->in[0], end, &band, 2 - w->pad_top);
        cairn_gw_will_read(&ahead, &s->gw, &work->in[1], end, &band, 0);
        multiply(s, &p, tiles, add, &ahead);
        tiles = 0;
        add = true;
    }
    finish(s, &p, span * s->gw.g.span, &work->out[0]);
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (work->site->per_image)
        for (int64_t span = 0; span < s.gw.g.spans; span++)
            run_span(work, &s, span, work->begin, work->end);
    else
        for (int64_t span = work->begin; span < work->end; span++)
            run_span(work, &s, span, 0, work->run->n);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_groups_winograd) = {.name = "groups_winograd",
                                                                       .isa = CAIRN_KERNEL_ISA,
                                                                       .precisions = CAIRN_KERNEL_PRECISION,
                                                                       .fits = fits,
                                                                       .plan = plan,
                                                                       .run = run};
