/* Convolutions 3 x 3 at stride 1 with narrow groups, many of them or a single one, by Winograd's F(4, 3):
 * spans, picks and weights as in groups.h, tiles and transforms as in winograd/winograd.h. A unit is a band
 * of rows of tiles of one span of an image:
 *
 *     V[product][tile][lane]     transformed pixels, in scratch
 *     M[product][tile][lane]     = sum over i of pick_i(V[product][tile]) * U[product][i][lane], in its place
 *     y                          back from M
 *
 * With so few channels the products are a third to a half of the work and transforms the rest: vectors go
 * from the first cache through registers back to it, and nothing else is done. */
#ifndef CAIRN_OPS_GROUPS_WINOGRAD_H
#define CAIRN_OPS_GROUPS_WINOGRAD_H

#include "ops/groups/bands.h"

#define CAIRN_GW_SUMS 8 /* at a time: they hide each other's latency */

/* Pixels are asked for so many before they are used, since each is a line of its own, which processors do not
 * foresee; no sooner, since those of a whole row are more than the first cache holds. */
enum { CAIRN_GW_AHEAD_IN = 5, CAIRN_GW_AHEAD_OUT = 8 };

/* ---- weights: U[span][product][i][lane] ---- */

static inline int64_t cairn_gw_packed_span(const cairn_gw *s)
{
    return CAIRN_GW_PRODUCTS * s->g.width * s->g.span;
}

/* Those of the spans begin ... end - 1; on the way back kernels are turned round. */
CAIRN_INLINE void cairn_gw_pack(const cairn_gw *s, const cairn_work *work, const bool back)
{
    const cairn_groups *g = &s->g;
    const float *w = cairn_params_of(&work->in[1]);
    int64_t plane = g->width * g->span;
    for (int64_t span = work->begin; span < cairn_min(work->end, g->spans); span++)
        for (int64_t lane = 0; lane < g->span; lane += CAIRN_LANES) {
            cairn_groups_vector v = cairn_groups_vector_of(g, span * g->span + lane);
            for (int64_t i = 0; i < g->width; i++) {
                float *to =
                    (float *)(void *)work->packed + span * cairn_gw_packed_span(s) + i * g->span + lane;
                wide taps[9];
                for (int64_t tap = 0; tap < 9; tap++)
                    taps[tap] = wide_of(cairn_groups_weights_of(g, w, back ? 8 - tap : tap, i, &v, back));
                cairn_winograd_weights(taps, to, plane, CAIRN_GW_FORM);
            }
        }
}

/* ---- tiles ---- */

/* The pixels of a row of tiles: of the span that begins at channel c, from (top, left) on, with zeros around
 * the picture. */
typedef struct cairn_gw_row {
    const cairn_operand *x;
    int64_t image, c, top, left;
} cairn_gw_row;

/* Row `row` of a band; tiles begin so far outside the picture. */
CAIRN_INLINE cairn_gw_row cairn_gw_row_of(const cairn_gw *s, const cairn_operand *x,
                                          const cairn_gw_band *band, int64_t row, int64_t pad_top,
                                          int64_t pad_left)
{
    int64_t top = (band->first + row) * CAIRN_GW_M - pad_top;
    return (cairn_gw_row){x, band->image, band->span * s->g.span, top, -pad_left};
}

/* Of half[row][column][lane], to which tiles of side x side pixels are transformed first. */
static inline int64_t cairn_gw_columns_of(const cairn_gw *s, const int side)
{
    return s->tiles.in_row * CAIRN_GW_M + side - CAIRN_GW_M;
}

static inline int64_t cairn_gw_half_elements(const cairn_gw *s, const int side)
{
    return CAIRN_GW_T * cairn_gw_columns_of(s, side) * s->g.span;
}

/* What a row of tiles sees of a vector's channels: `columns` pixels of `side` rows, of which the picture may
 * lack some. */
typedef struct cairn_gw_pixels {
    const real *row[CAIRN_GW_T]; /* a lacking one is any other ... */
    ivec kept[CAIRN_GW_T];       /* ... of which no bit is kept */
    bool lacks;
    int64_t pitch, first, last, columns; /* columns of the picture are first ... last - 1 of them */
} cairn_gw_pixels;

CAIRN_INLINE cairn_gw_pixels cairn_gw_pixels_of(const cairn_gw_row *row, int64_t c, int64_t columns,
                                                const int side)
{
    const cairn_operand *x = row->x;
    cairn_gw_pixels p = {.pitch = x->pitch, .columns = columns};
    p.first = cairn_min(cairn_max(0, -row->left), columns);
    p.last = cairn_max(cairn_min(columns, x->w - row->left), p.first);
    for (int i = 0; i < side; i++) {
        int64_t y = row->top + i, near = cairn_max(0, cairn_min(y, x->h - 1));
        p.row[i] = (const real *)cairn_image_of(x, row->image) + near * cairn_row_stride(x) +
                   (row->left + p.first) * x->pitch + c;
        p.kept[i] = (ivec){0} - (y == near);
        p.lacks |= y != near;
    }
    return p;
}

/* So many columns without pixels; returns what is behind. */
CAIRN_INLINE float *cairn_gw_no_columns(float *to, int64_t count, int64_t span, int64_t plane)
{
    for (; count > 0; count--, to += span) {
        CAIRN_UNROLL
        for (int i = 0; i < CAIRN_GW_T; i++)
            vec_store(to + i * plane, (vec){0});
    }
    return to;
}

/* Each column becomes CAIRN_GW_T rows, `plane` apart. */
CAIRN_INLINE void cairn_gw_columns(const cairn_gw_pixels *p, vec_mask mask, int64_t span, const int side,
                                   const bool lacks, cairn_winograd_map *map, float *to, int64_t plane)
{
    to = cairn_gw_no_columns(to, p->first, span, plane);
    for (int64_t column = p->first, at = 0; column < p->last; column++, at += p->pitch, to += span) {
        __asm__("" : "+r"(at)); /* one index: there are no registers for a pointer to each row */
        vec in[CAIRN_GW_T], out[CAIRN_GW_T];
        CAIRN_UNROLL
        for (int i = 0; i < side; i++) {
            __builtin_prefetch(p->row[i] + at + CAIRN_GW_AHEAD_IN * p->pitch);
            in[i] = vec_load_part(p->row[i] + at, mask);
            if (lacks)
                in[i] = vec_from_bits(vec_bits(in[i]) & p->kept[i]);
        }
        map(in, out, CAIRN_GW_FORM);
        CAIRN_UNROLL
        for (int i = 0; i < CAIRN_GW_T; i++)
            vec_store(to + i * plane, out[i]);
    }
    cairn_gw_no_columns(to, p->columns - p->last, span, plane);
}

CAIRN_INLINE void cairn_gw_any_columns(const cairn_gw_pixels *p, vec_mask mask, int64_t span, const int side,
                                       cairn_winograd_map *map, float *to, int64_t plane)
{
    if (p->lacks)
        cairn_gw_columns(p, mask, span, side, true, map, to, plane);
    else
        cairn_gw_columns(p, mask, span, side, false, map, to, plane);
}

/* Columns first, since neighbouring tiles share some ... */
CAIRN_INLINE void cairn_gw_transform_columns(const cairn_gw *s, const cairn_gw_row *row, const int side,
                                             cairn_winograd_map *map, float *half)
{
    int64_t span = s->g.span, columns = cairn_gw_columns_of(s, side);
    for (int64_t v = 0; v < span; v += CAIRN_LANES) {
        int64_t c = row->c + v, left = row->x->c - c;
        cairn_gw_pixels pixels = cairn_gw_pixels_of(row, c, columns, side);
        if (left >= CAIRN_LANES) /* known: no lane is asked about */
            cairn_gw_any_columns(&pixels, vec_first(CAIRN_LANES), span, side, map, half + v, columns * span);
        else
            cairn_gw_any_columns(&pixels, vec_first(left), span, side, map, half + v, columns * span);
    }
}

/* ... then the lines of row i of half, of each tile: to as many planes of the products. */
CAIRN_INLINE void cairn_gw_transform_lines(const cairn_gw *s, const float *half, int i, const int side,
                                           cairn_winograd_map *map, float *to, int64_t plane)
{
    int64_t span = s->g.span;
    half += i * cairn_gw_columns_of(s, side) * span;
    for (int64_t tile = 0; tile < s->tiles.in_row; tile++, to += span)
        for (int64_t v = 0; v < span; v += CAIRN_LANES) {
            vec in[CAIRN_GW_T], out[CAIRN_GW_T];
            CAIRN_UNROLL
            for (int j = 0; j < side; j++)
                in[j] = vec_load(half + (tile * CAIRN_GW_M + j) * span + v);
            map(in, out, CAIRN_GW_FORM);
            CAIRN_UNROLL
            for (int j = 0; j < CAIRN_GW_T; j++)
                vec_store(to + v + j * plane, out[j]);
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
    vec acc[CAIRN_GW_SUMS][CAIRN_GW_MOST_VECTORS];
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
    for (; vectors == 1 && tiles >= 8; tiles -= 8, v += 8 * step)
        cairn_gw_products(g, v, u, vectors, 8);
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
    for (int product = 0; product < CAIRN_GW_PRODUCTS; product++, v += s->plane, u += g->width * g->span) {
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
}

/* ---- a kernel ---- */

static inline void cairn_gw_plan(cairn_site *site, const cairn_gw *s)
{
    const cairn_groups *g = &s->g;
    site->units = g->spans * site->capacity * s->bands;
    site->unit_flops = 2 * s->band_tiles * CAIRN_GW_PRODUCTS * g->span * (g->width + 8);
    site->scratch =
        (size_t)(cairn_gw_half_elements(s, CAIRN_GW_T) + CAIRN_GW_PRODUCTS * s->plane) * sizeof(float);
    site->packed = (size_t)(g->spans * cairn_gw_packed_span(s)) * sizeof(float);
    site->pack_units = g->spans;
    site->in_packed = 1u << 1;
}

/* What the tiles of a band see of x: to V. */
CAIRN_INLINE void cairn_gw_inputs(const cairn_gw *s, const cairn_operand *x, const cairn_gw_band *band,
                                  float *half, float *v)
{
    for (int64_t k = 0; k < band->rows; k++, v += s->tiles.in_row * s->g.span) {
        cairn_gw_row row = cairn_gw_row_of(s, x, band, k, s->g.window.pad_top, s->g.window.pad_left);
        cairn_gw_transform_columns(s, &row, CAIRN_GW_T, cairn_winograd_input, half);
        for (int i = 0; i < CAIRN_GW_T; i++)
            cairn_gw_transform_lines(s, half, i, CAIRN_GW_T, cairn_winograd_input,
                                     v + i * CAIRN_GW_T * s->plane, s->plane);
    }
}

/* A tile's pixels of what is stored or read with its outputs, of so many channels. */
CAIRN_INLINE void cairn_gw_ask(const real *at, int64_t row, int64_t pitch, int64_t columns)
{
    for (int64_t c = 0; c < columns; c += CAIRN_LINE_BYTES / (int64_t)sizeof(real)) {
        CAIRN_UNROLL
        for (int i = 0; i < CAIRN_GW_M; i++) {
            CAIRN_UNROLL
            for (int j = 0; j < CAIRN_GW_M; j++)
                __builtin_prefetch(at + i * row + (CAIRN_GW_AHEAD_OUT + j) * pitch + c, 1);
        }
    }
}

/* A row of tiles from `at` on. */
CAIRN_INLINE void cairn_gw_outputs(const cairn_work *work, const cairn_gw *s, const cairn_winograd_use *use,
                                   cairn_winograd_tile at, int64_t c, int64_t columns, const float *m)
{
    cairn_winograd_behind behind = cairn_winograd_behind_of(work, use, at, c);
    cairn_winograd_place place = cairn_winograd_place_of(work, &s->tiles, at, c);
    for (int64_t tile = 0;; m += s->g.span) {
        cairn_gw_ask(place.to, place.row, place.pitch, columns);
        if (behind.addend.at != NULL)
            cairn_gw_ask(behind.addend.at, behind.addend.row, behind.addend.pitch, columns);
        if (behind.gate.at != NULL)
            cairn_gw_ask(behind.gate.at, behind.gate.row, behind.gate.pitch, columns);
        cairn_winograd_finish(&behind, &place, use->act, columns, m, s->plane, CAIRN_GW_FORM);
        if (++tile == s->tiles.in_row)
            return;
        cairn_winograd_advance(&behind, &place, CAIRN_GW_M,
                               (int)cairn_min(work->out[0].w - tile * CAIRN_GW_M, CAIRN_GW_M));
    }
}

CAIRN_INLINE void cairn_gw_unit(const cairn_work *work, const cairn_gw *s, const cairn_winograd_use *use,
                                int64_t unit)
{
    cairn_gw_band band = cairn_gw_band_at(s, work->run->capacity, unit);
    int64_t c = band.span * s->g.span, columns = cairn_min(s->g.span, work->in[0].c - c);
    float *half = (float *)(void *)work->scratch, *v = half + cairn_gw_half_elements(s, CAIRN_GW_T);
    if (band.image >= work->run->n)
        return;
    cairn_gw_inputs(s, &work->in[0], &band, half, v);
    cairn_gw_multiply(s, v, (const float *)(const void *)work->packed + band.span * cairn_gw_packed_span(s),
                      band.rows * s->tiles.in_row);
    for (int64_t k = 0; k < band.rows; k++, v += s->tiles.in_row * s->g.span)
        cairn_gw_outputs(work, s, use, (cairn_winograd_tile){band.image, (band.first + k) * CAIRN_GW_M, 0}, c,
                         columns, v);
}

#endif
