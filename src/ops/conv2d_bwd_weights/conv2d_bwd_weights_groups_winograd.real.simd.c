/* Gradient of the weights of a 3 x 3 convolution at stride 1 with narrow groups, by Winograd's F(4, 3); see
 * groups/winograd.h. Of many groups a unit is a span of channels, over the whole batch; of a single one it is
 * an image, and the plan adds images up. Some rows of tiles at a time, whose columns are transformed, and of
 * these one of six rows at a time:
 *
 *     V[product of the row][tile][lane]     transformed pictures
 *     D[product of the row][tile][lane]     transformed gradients
 *     S[product][i][lane]                   += sum over tiles of pick_i(V[product][tile]) * D[product][tile]
 *
 * and at last dw from S. */
#include "ops/groups/winograd.h"

#define HALF_BYTES 28672 /* of transformed columns, if a row of tiles has not more */
#define SUMS 8           /* at a time: they hide each other's latency */

typedef struct setup {
    cairn_gw gw;
    int64_t rows;           /* of tiles, at a time */
    int64_t x_half, d_half; /* elements of the transformed columns of a row of tiles */
    int64_t plane;          /* elements from product to product of V and D */
    int64_t s_plane;        /* of S */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    setup s = {.gw = cairn_gw_of(&attrs->geometry.window, attrs->groups, &site->in[0], &site->in[1])};
    s.x_half = cairn_gw_half_elements(&s.gw, CAIRN_GW_T);
    s.d_half = cairn_gw_half_elements(&s.gw, CAIRN_GW_M);
    s.rows = cairn_max(HALF_BYTES / (int64_t)sizeof(float) / (s.x_half + s.d_half), 1);
    s.plane = s.rows * s.gw.tiles.in_row * s.gw.g.span;
    s.s_plane = s.gw.g.width * s.gw.g.span;
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
        (size_t)(s.rows * (s.x_half + s.d_half) + 2 * CAIRN_GW_T * s.plane + CAIRN_GW_PRODUCTS * s.s_plane) *
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
    float *x, *dy, *v, *d, *sums;
} parts;

static parts parts_of(const cairn_work *work, const setup *s)
{
    parts p = {.x = (float *)(void *)work->scratch};
    p.dy = p.x + s->rows * s->x_half;
    p.v = p.dy + s->rows * s->d_half;
    p.d = p.v + CAIRN_GW_T * s->plane;
    p.sums = p.d + CAIRN_GW_T * s->plane;
    return p;
}

/* The columns of a row of tiles, of x and dy: to place `at`. */
static void transform_columns(const cairn_work *work, const setup *s, const cairn_gw_band *band, int64_t at,
                              const parts *p)
{
    const cairn_gw *gw = &s->gw;
    const cairn_window *w = &gw->g.window;
    cairn_gw_row x = cairn_gw_row_of(gw, &work->in[0], band, 0, w->pad_top, w->pad_left),
                 dy = cairn_gw_row_of(gw, &work->in[1], band, 0, 0, 0);
    cairn_gw_transform_columns(gw, &x, CAIRN_GW_T, cairn_winograd_input, p->x + at * s->x_half);
    cairn_gw_transform_columns(gw, &dy, CAIRN_GW_M, cairn_winograd_output_gradient, p->dy + at * s->d_half);
}

/* Adds the products of so many rows of tiles. */
static void multiply(const setup *s, const parts *p, int64_t rows, bool add, cairn_gw_ahead *ahead)
{
    const cairn_gw *gw = &s->gw;
    int64_t row_elements = gw->tiles.in_row * gw->g.span;
    factors f = {.tiles = rows * gw->tiles.in_row, .span = gw->g.span, .add = add};
    for (int i = 0; i < CAIRN_GW_T; i++) {
        for (int64_t row = 0; row < rows; row++) {
            cairn_gw_transform_lines(gw, p->x + row * s->x_half, i, CAIRN_GW_T, cairn_winograd_input,
                                     p->v + row * row_elements, s->plane);
            cairn_gw_transform_lines(gw, p->dy + row * s->d_half, i, CAIRN_GW_M,
                                     cairn_winograd_output_gradient, p->d + row * row_elements, s->plane);
        }
        for (int j = 0; j < CAIRN_GW_T; j++) {
            int product = i * CAIRN_GW_T + j;
            f.v = p->v + j * s->plane;
            f.d = p->d + j * s->plane;
            f.sums = p->sums + product * s->s_plane;
            cairn_gw_fetch(ahead);
            add_products(&f, gw->g.width);
        }
    }
}

static void finish(const setup *s, const parts *p, int64_t c, const cairn_operand *dw)
{
    const cairn_groups *g = &s->gw.g;
    for (int64_t i = 0; i < g->width; i++)
        for (int64_t lane = 0; lane < cairn_min(g->span, g->channels - c); lane += CAIRN_LANES)
            cairn_winograd_weights_gradient(
                p->sums + i * g->span + lane, s->s_plane, cairn_params_of(dw) + i * g->channels + c + lane,
                g->width * g->channels, vec_first(g->channels - c - lane), CAIRN_GW_FORM);
}

/* A span of the images begin ... end - 1. */
static void run_span(const cairn_work *work, const setup *s, int64_t span, int64_t begin, int64_t end)
{
    parts p = parts_of(work, s);
    int64_t in_image = s->gw.tiles.count / s->gw.tiles.in_row, last = end * in_image;
    for (int64_t first = begin * in_image; first < last; first += s->rows) {
        int64_t rows = cairn_min(s->rows, last - first);
        cairn_gw_band band = {0};
        for (int64_t row = 0; row < rows; row++) {
            band = (cairn_gw_band){span, (first + row) / in_image, (first + row) % in_image, 1};
            transform_columns(work, s, &band, row, &p);
        }
        cairn_gw_ahead ahead = {0};
        cairn_gw_will_read(&ahead, &s->gw, &work->in[0], end, &band, 2 - s->gw.g.window.pad_top, s->rows);
        cairn_gw_will_read(&ahead, &s->gw, &work->in[1], end, &band, 0, s->rows);
        multiply(s, &p, rows, first > begin * in_image, &ahead);
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
