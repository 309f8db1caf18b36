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
    cairn_gw x;             /* of pictures */
    cairn_groups dy;        /* the copy of gradients: without a rim, filled up to whole tiles */
    int64_t tiles, v_plane; /* most tiles at a time, elements from product to product of V and D */
    int64_t s_plane;        /* of S */
    int64_t copy, dy_copy;  /* elements of both copies */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *x = &site->in[0], *dy = &site->in[1];
    cairn_window pixel = {.k_h = 1, .k_w = 1, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    setup s = {.x = cairn_gw_of(&attrs->geometry.window, attrs->groups, x, dy, 2)};
    pixel.pad_right = (int32_t)(s.x.tiles.in_row * CAIRN_GW_M - dy->w);
    s.dy = cairn_groups_of(&pixel, attrs->groups, dy, dy, 1);
    int64_t tile_bytes = 2 * CAIRN_GW_PRODUCTS * s.x.g.span * (int64_t)sizeof(float);
    s.tiles = cairn_max(TILES_BYTES / tile_bytes / s.x.band_tiles, 1) * s.x.band_tiles;
    s.v_plane = s.tiles * s.x.g.span;
    s.s_plane = s.x.g.width * s.x.g.span;
    s.copy = cairn_gw_copy_elements(&s.x);
    s.dy_copy = s.x.g.rows * s.dy.x_row;
    return s;
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return cairn_groups_fit(attrs, site->in[0].c, site->in[1].c) &&
           cairn_gw_fits(site, &attrs->geometry.window, attrs->groups, &site->in[0], &site->in[1]);
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    site->units = s.x.g.spans;
    site->unit_flops =
        2 * site->capacity * s.x.tiles.count * CAIRN_GW_PRODUCTS * s.x.g.span * (s.x.g.width + 8);
    site->scratch =
        (size_t)(s.copy + s.dy_copy + CAIRN_GW_PRODUCTS * (2 * s.v_plane + s.s_plane)) * sizeof(float);
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
    float *x, *dy, *v, *d, *sums;
} parts;

static parts parts_of(const cairn_work *work, const setup *s)
{
    parts p = {.x = (float *)(void *)work->scratch};
    p.dy = p.x + s->copy;
    p.v = p.dy + s->dy_copy;
    p.d = p.v + CAIRN_GW_PRODUCTS * s->v_plane;
    p.sums = p.d + CAIRN_GW_PRODUCTS * s->v_plane;
    return p;
}

/* The tiles of a band, whose number it returns, from tile `at` of V and D on. */
static int64_t transform_band(const cairn_work *work, const setup *s, const parts *p, int64_t band, int64_t c,
                              int64_t at)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    int64_t image = band / s->x.g.bands, first = band % s->x.g.bands * s->x.tile_rows;
    int64_t rows = cairn_min(s->x.tile_rows, s->x.tiles.count / s->x.tiles.in_row - first);
    cairn_groups_copy(&s->x.g, x, cairn_image_of(x, image), first * CAIRN_GW_M, rows * CAIRN_GW_M, c, p->x);
    cairn_groups_copy(&s->dy, dy, cairn_image_of(dy, image), first * CAIRN_GW_M, rows * CAIRN_GW_M, c, p->dy);
    cairn_gw_transform(&s->x, p->x, s->x.g.x_row, rows, CAIRN_GW_T, cairn_winograd_input,
                       p->v + at * s->x.g.span, s->v_plane);
    cairn_gw_transform(&s->x, p->dy, s->dy.x_row, rows, CAIRN_GW_M, cairn_winograd_output_gradient,
                       p->d + at * s->x.g.span, s->v_plane);
    return rows * s->x.tiles.in_row;
}

static void finish(const setup *s, const parts *p, int64_t c, const cairn_operand *dw)
{
    const cairn_groups *g = &s->x.g;
    for (int64_t i = 0; i < g->width; i++)
        for (int64_t lane = 0; lane < cairn_min(g->span, g->channels - c); lane += CAIRN_LANES)
            cairn_winograd_weights_gradient(
                p->sums + i * g->span + lane, s->s_plane, cairn_params_of(dw) + i * g->channels + c + lane,
                g->width * g->channels, vec_first(g->channels - c - lane), CAIRN_GW_M);
}

static void run_span(const cairn_work *work, const setup *s, int64_t c)
{
    parts p = parts_of(work, s);
    int64_t bands = work->run->n * s->x.g.bands;
    factors f = {.span = s->x.g.span};
    for (int64_t band = 0; band < bands; band++) {
        f.tiles += transform_band(work, s, &p, band, c, f.tiles);
        if (f.tiles + s->x.band_tiles <= s->tiles && band + 1 < bands)
            continue;
        for (int product = 0; product < CAIRN_GW_PRODUCTS; product++) {
            f.v = p.v + product * s->v_plane;
            f.d = p.d + product * s->v_plane;
            f.sums = p.sums + product * s->s_plane;
            add_products(&f, s->x.g.width);
        }
        f.tiles = 0;
        f.add = true;
    }
    finish(s, &p, c, &work->out[0]);
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    for (int64_t unit = work->begin; unit < work->end; unit++)
        run_span(work, &s, unit * s.x.g.span);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_groups_winograd) = {.name = "groups_winograd",
                                                                       .isa = CAIRN_KERNEL_ISA,
                                                                       .precisions = CAIRN_KERNEL_PRECISION,
                                                                       .fits = fits,
                                                                       .plan = plan,
                                                                       .run = run};
