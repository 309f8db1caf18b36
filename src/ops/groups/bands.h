/* How convolutions of narrow groups by Winograd, see winograd.h beside this file, divide their work: bands of
 * rows of tiles, and what of their pictures is asked for ahead. */
#ifndef CAIRN_OPS_GROUPS_BANDS_H
#define CAIRN_OPS_GROUPS_BANDS_H

#include "ops/groups/groups.h"
#include "ops/winograd/outputs.h"

/* gw: groups by Winograd */
enum { CAIRN_GW_M = 4, CAIRN_GW_T = CAIRN_GW_M + 2, CAIRN_GW_PRODUCTS = CAIRN_GW_T * CAIRN_GW_T };
#define CAIRN_GW_FORM CAIRN_WINOGRAD_SQUARE(CAIRN_GW_M, 3)

#define CAIRN_GW_BAND_BYTES 24576 /* of V, if those of a row of tiles are not more */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GW_DIRECT 4  /* channels of a group that are not worth it */
#define CAIRN_GW_SINGLE 32 /* most channels of a single group; more are as fast by winograd/convolve.h */
#else
#define CAIRN_GW_DIRECT 0
#define CAIRN_GW_SINGLE 16
#endif
#define CAIRN_GW_MOST_VECTORS 4 /* of a span: the sums of its products must fit into registers */

typedef struct cairn_gw {
    cairn_groups g; /* the layout of spans */
    cairn_winograd_tiles tiles;
    int64_t bands, tile_rows, band_tiles; /* number of bands; rows of tiles and tiles of one */
    int64_t plane;                        /* elements from product to product of V */
} cairn_gw;

/* Tiles may hang over the edges by no more than half of what they cover; spans are 1, 2 or 4 vectors, of a
 * single group whole ones. */
static inline bool cairn_gw_fits(const cairn_site *site, const cairn_window *w, int64_t groups,
                                 const cairn_operand *x, const cairn_operand *y)
{
    cairn_winograd_tiles tiles = cairn_winograd_tiles_of(w, y, CAIRN_GW_FORM);
    int64_t vectors = cairn_ceil_div(x->c / groups, CAIRN_LANES);
    return !site->exact && cairn_winograd_window(w, CAIRN_GW_FORM) && vectors <= CAIRN_GW_MOST_VECTORS &&
           (vectors & (vectors - 1)) == 0 &&
           (groups > 1 || (x->c >= CAIRN_LANES && x->c <= CAIRN_GW_SINGLE)) &&
           tiles.count * CAIRN_GW_M * CAIRN_GW_M <= 2 * y->h * y->w;
}

/* Whether it is faster than the direct kernel, forward and back: pairs are multiplied at twice the rate, and
 * few channels pay for no transforms where 32 registers let them be picked seldom. */
static inline bool cairn_gw_better(const cairn_site *site, const cairn_window *w, int64_t groups)
{
    int64_t width = site->in[0].c / groups;
    return cairn_groups_unit_of(width) == 1 && width > CAIRN_GW_DIRECT &&
           cairn_gw_fits(site, w, groups, &site->in[0], &site->out[0]);
}

/* Of a convolution that turns x into y. */
CAIRN_INLINE cairn_gw cairn_gw_of(const cairn_window *window, int64_t groups, const cairn_operand *x,
                                  const cairn_operand *y)
{
    cairn_gw s = {.g = cairn_groups_of(window, groups, x, y, 1),
                  .tiles = cairn_winograd_tiles_of(window, y, CAIRN_GW_FORM)};
    int64_t row = CAIRN_GW_PRODUCTS * s.tiles.in_row * s.g.span * (int64_t)sizeof(float);
    int64_t rows = s.tiles.count / s.tiles.in_row, most = cairn_max(CAIRN_GW_BAND_BYTES / row, 1);
    s.bands = cairn_ceil_div(rows, most);
    s.tile_rows = cairn_ceil_div(rows, s.bands);
    s.band_tiles = s.tile_rows * s.tiles.in_row;
    s.plane = s.band_tiles * s.g.span;
    return s;
}

/* ---- bands ---- */

/* Rows of tiles of a span of an image. */
typedef struct cairn_gw_band {
    int64_t span, image, first, rows;
} cairn_gw_band;

static inline cairn_gw_band cairn_gw_band_of(const cairn_gw *s, int64_t span, int64_t image, int64_t band)
{
    int64_t first = band * s->tile_rows, rows = s->tiles.count / s->tiles.in_row;
    return (cairn_gw_band){span, image, first, cairn_min(s->tile_rows, rows - first)};
}

/* The bands of all images of one span come before those of the next, which has other weights; unless spans
 * share cache lines, and the bands of all spans should follow each other. */
static inline cairn_gw_band cairn_gw_band_at(const cairn_gw *s, int64_t capacity, int64_t unit)
{
    const cairn_groups *g = &s->g;
    int64_t bands = capacity * s->bands, share = g->span * (int64_t)sizeof(real) < CAIRN_LINE_BYTES;
    int64_t span = share ? unit % g->spans : unit / bands, band = share ? unit / g->spans : unit % bands;
    return cairn_gw_band_of(s, span, band / s->bands, band % s->bands);
}

/* ---- fetching ahead ----
 * What the gradient of weights reads next is asked for while products keep the processor busy: it comes from
 * far. */

enum { CAIRN_GW_AHEAD = 2 }; /* pictures */

typedef struct cairn_gw_ahead {
    struct {
        const char *next;      /* of the pixels that will be wanted */
        int64_t left, at_once; /* how many, and with a product */
        int64_t pitch, wanted; /* bytes from one to the next and of one */
    } part[CAIRN_GW_AHEAD];
    int parts;
} cairn_gw_ahead;

/* So many rows of tiles behind this band, as far as there are such in n images; of their pixels the first so
 * many are seen by it too. */
CAIRN_INLINE void cairn_gw_will_read(cairn_gw_ahead *ahead, const cairn_gw *s, const cairn_operand *x,
                                     int64_t n, const cairn_gw_band *band, int64_t seen, int64_t rows)
{
    int64_t row = (band->first + band->rows) * CAIRN_GW_M + seen, first = (band->image * x->h + row) * x->w,
            pixels = cairn_min(n * x->h * x->w - first, rows * CAIRN_GW_M * x->w);
    int64_t channel = band->span * s->g.span;
    if (pixels <= 0)
        return;
    ahead->part[ahead->parts].next = (const char *)(cairn_image_of(x, 0) + first * x->pitch + channel);
    ahead->part[ahead->parts].left = pixels;
    ahead->part[ahead->parts].at_once = cairn_ceil_div(pixels, CAIRN_GW_PRODUCTS);
    ahead->part[ahead->parts].pitch = x->pitch * (int64_t)sizeof(real);
    ahead->part[ahead->parts++].wanted = s->g.span * (int64_t)sizeof(real);
}

/* A product's share of all. */
CAIRN_INLINE void cairn_gw_fetch(cairn_gw_ahead *ahead)
{
    for (int k = 0; k < ahead->parts; k++) {
        const char *next = ahead->part[k].next;
        int64_t pitch = ahead->part[k].pitch, wanted = ahead->part[k].wanted;
        int64_t pixels = cairn_min(ahead->part[k].left, ahead->part[k].at_once);
        ahead->part[k].left -= pixels;
        ahead->part[k].next += pixels * pitch;
        for (; pixels > 0; pixels--, next += pitch) {
            __builtin_prefetch(next);
            for (int64_t byte = CAIRN_LINE_BYTES; byte < wanted; byte += CAIRN_LINE_BYTES)
                __builtin_prefetch(next + byte);
        }
    }
}

#endif
