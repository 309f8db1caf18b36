/* Convolutions 3 x 3 at stride 1 with many narrow groups, by Winograd's F(4, 3): spans, picks and weights as
 * in groups.h, tiles and transforms as in winograd/winograd.h. A unit is a band of rows of tiles of one span
 * of an image, copied with its padding up to whole tiles:
 *
 *     V[product][tile][lane]     the transformed copy, in scratch
 *     M[product][tile][lane]     = sum over i of pick_i(V[product][tile]) * U[product][i][lane], in its place
 *     y                          back from M
 *
 * With so few channels the products are a third of the work and transforms the rest: vectors go from the
 * first cache through registers back to it, and nothing else is done. */
#ifndef CAIRN_OPS_GROUPS_WINOGRAD_H
#define CAIRN_OPS_GROUPS_WINOGRAD_H

#include "ops/groups/groups.h"
#include "ops/winograd/outputs.h"

/* gw: groups by Winograd */
enum { CAIRN_GW_M = 4, CAIRN_GW_T = CAIRN_GW_M + 2, CAIRN_GW_PRODUCTS = CAIRN_GW_T * CAIRN_GW_T };

#define CAIRN_GW_BAND_BYTES 40960 /* of a band's copy and its V */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GW_DIRECT 4 /* channels of a group that are not worth it */
#else
#define CAIRN_GW_DIRECT 0
#endif
#define CAIRN_GW_LINE_BYTES 64  /* of the cache */
#define CAIRN_GW_MOST_VECTORS 4 /* of a span: the sums of its products must fit into registers */

typedef struct cairn_gw {
    cairn_groups g; /* rows: of a band, whole tiles */
    cairn_winograd_tiles tiles;
    int64_t tile_rows, band_tiles; /* of a band */
    int64_t plane;                 /* elements from product to product of V */
} cairn_gw;

/* Tiles may hang over the edges by no more than half of what they cover; spans are 1, 2 or 4 vectors. */
static inline bool cairn_gw_fits(const cairn_site *site, const cairn_window *w, int64_t groups,
                                 const cairn_operand *x, const cairn_operand *y)
{
    cairn_winograd_tiles tiles = cairn_winograd_tiles_of(y, CAIRN_GW_M);
    int64_t vectors = cairn_ceil_div(x->c / groups, CAIRN_LANES);
    return !site->exact && cairn_winograd_window(w) && vectors <= CAIRN_GW_MOST_VECTORS &&
           (vectors & (vectors - 1)) == 0 && tiles.count * CAIRN_GW_M * CAIRN_GW_M <= 2 * y->h * y->w;
}

/* Whether it is faster than the direct kernel, forward and back: pairs are multiplied at twice the rate, and
 * few channels pay for no transforms where 32 registers let them be picked seldom. */
static inline bool cairn_gw_better(const cairn_site *site, const cairn_window *w, int64_t groups)
{
    int64_t width = site->in[0].c / groups;
    return cairn_groups_unit_of(width) == 1 && width > CAIRN_GW_DIRECT &&
           cairn_gw_fits(site, w, groups, &site->in[0], &site->out[0]);
}

static inline int64_t cairn_gw_copy_elements(const cairn_gw *s)
{
    return (s->tile_rows * CAIRN_GW_M + 2) * s->g.x_row;
}

/* Of a convolution that turns x into y, with as many sets of transformed tiles in scratch. */
CAIRN_INLINE cairn_gw cairn_gw_of(const cairn_window *window, int64_t groups, const cairn_operand *x,
                                  const cairn_operand *y, int64_t sets)
{
    cairn_gw s = {.g = cairn_groups_of(window, groups, x, y, 1),
                  .tiles = cairn_winograd_tiles_of(y, CAIRN_GW_M),
                  .tile_rows = 1};
    int64_t beyond = s.tiles.in_row * CAIRN_GW_M - y->w, rows = cairn_ceil_div(y->h, CAIRN_GW_M);
    s.g.window.pad_right += (int32_t)beyond;
    s.g.in_w += beyond;
    s.g.x_row = s.g.in_w * s.g.span;
    int64_t tile = sets * CAIRN_GW_PRODUCTS * s.g.span, most = CAIRN_GW_BAND_BYTES / (int64_t)sizeof(float);
    while (s.tile_rows < rows &&
           (s.tile_rows + 1) * (s.tiles.in_row * tile + CAIRN_GW_M * s.g.x_row) + 2 * s.g.x_row <= most)
        s.tile_rows++;
    s.g.rows = s.tile_rows * CAIRN_GW_M;
    s.g.bands = cairn_ceil_div(rows, s.tile_rows);
    s.band_tiles = s.tile_rows * s.tiles.in_row;
    s.plane = s.band_tiles * s.g.span;
    return s;
}

/* ---- weights: U[span][product][i][lane] ---- */

static inline int64_t cairn_gw_packed_span(const cairn_gw *s)
{
    return CAIRN_GW_PRODUCTS * s->g.width * s->g.span;
}

/* Those of the spans begin ... end - 1, see cairn_groups_weight. */
CAIRN_INLINE void cairn_gw_pack(const cairn_gw *s, const cairn_work *work, const bool reverse)
{
    const cairn_groups *g = &s->g;
    const float *w = cairn_params_of(&work->in[1]);
    int64_t plane = g->width * g->span;
    for (int64_t span = work->begin; span < cairn_min(work->end, g->spans); span++)
        for (int64_t i = 0; i < g->width; i++)
            for (int64_t lane = 0; lane < g->span; lane += CAIRN_LANES) {
                float *to =
                    (float *)(void *)work->packed + span * cairn_gw_packed_span(s) + i * g->span + lane;
                wide taps[3][3];
                for (int64_t tap = 0; tap < 9; tap++) {
                    vec weights;
                    for (int64_t l = 0; l < CAIRN_LANES; l++)
                        weights[l] = cairn_groups_weight(g, w, tap, i, span * g->span + lane + l, reverse);
                    taps[tap % 3][tap / 3] = wide_of(weights);
                }
                cairn_winograd_weights(taps, to, plane, CAIRN_GW_M);
            }
}

/* ---- tiles ---- */

/* A square of pixels of a copy. */
typedef struct cairn_gw_square {
    const float *first;
    int64_t row, pixel; /* elements from one to the next */
} cairn_gw_square;

CAIRN_INLINE vec cairn_gw_pixel(const void *from, int i, int j)
{
    const cairn_gw_square *s = from;
    return vec_load(s->first + i * s->row + j * s->pixel);
}

/* Squares of side x side pixels, CAIRN_GW_M apart, of `rows` rows of tiles: to planes of the products. */
CAIRN_INLINE void cairn_gw_transform(const cairn_gw *s, const float *copy, int64_t x_row, int64_t rows,
                                     const int side, cairn_winograd_line *line, float *to, int64_t plane)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t tile = 0; tile < s->tiles.in_row; tile++, to += s->g.span)
            for (int64_t v = 0; v < s->g.span; v += CAIRN_LANES) {
                cairn_gw_square square = {copy + row * CAIRN_GW_M * x_row + tile * CAIRN_GW_M * s->g.span + v,
                                          x_row, s->g.span};
                cairn_winograd_square(cairn_gw_pixel, &square, side, line, to + v, plane, CAIRN_GW_M);
            }
}

/* M = V U for the tiles of a product, `width` channels in each group of a vector: weights stay in registers.
 */
CAIRN_INLINE void cairn_gw_narrow(float *v, const float *u, int64_t tiles, const int width)
{
    vec weights[CAIRN_LANES];
    CAIRN_UNROLL
    for (int i = 0; i < width; i++)
        weights[i] = vec_load(u + i * CAIRN_LANES);
    for (const float *end = v + tiles * CAIRN_LANES; v < end; v += CAIRN_LANES) {
        vec x = vec_load(v), sum = cairn_groups_pick_known(x, width, 0) * weights[0];
        CAIRN_UNROLL
        for (int i = 1; i < width; i++)
            sum += cairn_groups_pick_known(x, width, i) * weights[i];
        vec_store(v, sum);
    }
}

/* M = V U for some tiles of a product. */
CAIRN_INLINE void cairn_gw_products(const cairn_groups *g, float *v, const float *u, const int vectors,
                                    const int tiles)
{
    vec acc[7][CAIRN_GW_MOST_VECTORS];
    CAIRN_UNROLL
    for (int t = 0; t < tiles; t++) {
        CAIRN_UNROLL
        for (int k = 0; k < vectors; k++)
            acc[t][k] = (vec){0};
    }
    for (int64_t i = 0; i < g->width; i++, u += vectors * CAIRN_LANES) {
        vec weights[CAIRN_GW_MOST_VECTORS];
        CAIRN_UNROLL
        for (int k = 0; k < vectors; k++)
            weights[k] = vec_load(u + k * CAIRN_LANES);
        CAIRN_UNROLL
        for (int t = 0; t < tiles; t++) {
            vec x = vec_set(v[t * vectors * CAIRN_LANES + i]);
            CAIRN_UNROLL
            for (int k = 0; k < vectors; k++)
                acc[t][k] += x * weights[k];
        }
    }
    CAIRN_UNROLL
    for (int t = 0; t < tiles; t++) {
        CAIRN_UNROLL
        for (int k = 0; k < vectors; k++)
            vec_store(v + (t * vectors + k) * CAIRN_LANES, acc[t][k]);
    }
}

/* As many sums at a time as hide their latency. */
CAIRN_INLINE void cairn_gw_wide(const cairn_groups *g, float *v, const float *u, int64_t tiles,
                                const int vectors)
{
    const int step = vectors * CAIRN_LANES;
    for (; vectors == 1 && tiles >= 7; tiles -= 7, v += 7 * step)
        cairn_gw_products(g, v, u, vectors, 7);
    for (; vectors <= 2 && tiles >= 4; tiles -= 4, v += 4 * step)
        cairn_gw_products(g, v, u, vectors, 4);
    for (; tiles >= 2; tiles -= 2, v += 2 * step)
        cairn_gw_products(g, v, u, vectors, 2);
    for (; tiles > 0; tiles--, v += step)
        cairn_gw_products(g, v, u, vectors, 1);
}

static inline void cairn_gw_multiply(const cairn_gw *s, float *v, const float *u, int64_t tiles)
{
    const cairn_groups *g = &s->g;
    for (int product = 0; product < CAIRN_GW_PRODUCTS; product++, v += s->plane, u += g->width * g->span)
        switch (g->width < CAIRN_LANES ? -g->width : g->span / CAIRN_LANES) {
        case -1:
            cairn_gw_narrow(v, u, tiles, 1);
            break;
        case -2:
            cairn_gw_narrow(v, u, tiles, 2);
            break;
        case -4:
            cairn_gw_narrow(v, u, tiles, 4);
            break;
#if CAIRN_LANES > 8
        case -8:
            cairn_gw_narrow(v, u, tiles, 8);
            break;
#endif
        case 1:
            cairn_gw_wide(g, v, u, tiles, 1);
            break;
        case 2:
            cairn_gw_wide(g, v, u, tiles, 2);
            break;
        default:
            cairn_gw_wide(g, v, u, tiles, CAIRN_GW_MOST_VECTORS);
        }
}

/* ---- a kernel ---- */

static inline void cairn_gw_plan(cairn_site *site, const cairn_gw *s)
{
    const cairn_groups *g = &s->g;
    site->units = g->spans * site->capacity * g->bands;
    site->unit_flops = 2 * s->band_tiles * CAIRN_GW_PRODUCTS * g->span * (g->width + 8);
    site->scratch = (size_t)(cairn_gw_copy_elements(s) + CAIRN_GW_PRODUCTS * s->plane) * sizeof(float);
    site->packed = (size_t)(g->spans * cairn_gw_packed_span(s)) * sizeof(float);
    site->pack_units = g->spans;
    site->in_packed = 1u << 1;
}

/* The bands of all images of one span come before those of the next, which has other weights; unless spans
 * share cache lines, and the bands of all spans should follow each other. */
typedef struct cairn_gw_place {
    int64_t span, image, band;
} cairn_gw_place;

static inline cairn_gw_place cairn_gw_place_of(const cairn_gw *s, int64_t capacity, int64_t unit)
{
    const cairn_groups *g = &s->g;
    int64_t bands = capacity * g->bands, share = g->span * (int64_t)sizeof(real) < CAIRN_GW_LINE_BYTES;
    int64_t span = share ? unit % g->spans : unit / bands, band = share ? unit / g->spans : unit % bands;
    return (cairn_gw_place){span, band / g->bands, band % g->bands};
}

CAIRN_INLINE void cairn_gw_unit(const cairn_work *work, const cairn_gw *s, const cairn_winograd_use *use,
                                int64_t unit)
{
    const cairn_operand *x = &work->in[0];
    cairn_gw_place place = cairn_gw_place_of(s, work->run->capacity, unit);
    int64_t span = place.span, image = place.image, first = place.band * s->tile_rows;
    int64_t rows = cairn_min(s->tile_rows, s->tiles.count / s->tiles.in_row - first);
    int64_t c = span * s->g.span, columns = cairn_min(s->g.span, x->c - c);
    float *copy = (float *)(void *)work->scratch, *v = copy + cairn_gw_copy_elements(s);
    if (image >= work->run->n)
        return;
    cairn_groups_copy(&s->g, x, cairn_image_of(x, image), first * CAIRN_GW_M, rows * CAIRN_GW_M, c, copy);
    cairn_gw_transform(s, copy, s->g.x_row, rows, CAIRN_GW_T, cairn_winograd_input, v, s->plane);
    cairn_gw_multiply(s, v, (const float *)(const void *)work->packed + span * cairn_gw_packed_span(s),
                      rows * s->tiles.in_row);
    for (int64_t t = 0; t < rows * s->tiles.in_row; t++) {
        cairn_winograd_tile at = {image, (first + t / s->tiles.in_row) * CAIRN_GW_M,
                                  t % s->tiles.in_row * CAIRN_GW_M};
        cairn_winograd_finish(work, use, at, c, columns, v + t * s->g.span, s->plane, CAIRN_GW_M);
    }
}

#endif
