/* The tiles of a picture and their transforms, see winograd.h: where they lie, the pixels that they see, and
 * the way of these into the products' planes. */
#ifndef CAIRN_OPS_WINOGRAD_TILES_H
#define CAIRN_OPS_WINOGRAD_TILES_H

#include "ops/operand.h"
#include "ops/real.h"
#include "ops/winograd/winograd.h"

/* Planes a multiple of a page apart would all fall into the same few sets of the cache. */
static inline int64_t cairn_winograd_plane(int64_t rows, int64_t pitch)
{
    return rows * pitch + CAIRN_LINE_FLOATS;
}

/* Whether a window is the form's; a line may lie or stand. */
static inline bool cairn_winograd_window(const cairn_window *w, const cairn_winograd_form f)
{
    return cairn_max(w->k_h, w->k_w) == f.r && cairn_min(w->k_h, w->k_w) == (f.line ? 1 : f.r) &&
           w->stride_h == 1 && w->stride_w == 1 && w->dilation_h == 1 && w->dilation_w == 1;
}

typedef struct cairn_winograd_tiles {
    int64_t h, w;          /* outputs of one */
    int64_t in_row, count; /* in a row and in an image */
} cairn_winograd_tiles;

/* Where a tile begins in the output, and its image. */
typedef struct cairn_winograd_tile {
    int64_t image, y, x;
} cairn_winograd_tile;

/* Those that cover y in a convolution with this window. */
static inline cairn_winograd_tiles cairn_winograd_tiles_of(const cairn_window *w, const cairn_operand *y,
                                                           const cairn_winograd_form f)
{
    cairn_winograd_tiles t = {.h = w->k_h > 1 ? f.m : 1, .w = w->k_w > 1 ? f.m : 1};
    t.in_row = cairn_ceil_div(y->w, t.w);
    t.count = t.in_row * cairn_ceil_div(y->h, t.h);
    return t;
}

/* Whether the convolution that turns x into y takes fewer products so; a plan that is exact wants the sums
 * themselves. */
static inline bool cairn_winograd_can(const cairn_site *site, const cairn_conv2d_attrs *attrs,
                                      const cairn_operand *x, const cairn_operand *y,
                                      const cairn_winograd_form f)
{
    const cairn_window *w = &attrs->geometry.window;
    return !site->exact && attrs->groups == 1 && cairn_winograd_window(w, f) && x->c >= CAIRN_LANES &&
           y->c >= CAIRN_LANES &&
           cairn_winograd_products(f) * cairn_winograd_tiles_of(w, y, f).count <
               cairn_winograd_area(f, f.r) * y->h * y->w;
}

static inline cairn_winograd_tile cairn_winograd_tile_at(const cairn_winograd_tiles *t, int64_t number)
{
    int64_t image = number / t->count, within = number % t->count;
    return (cairn_winograd_tile){image, within / t->in_row * t->h, within % t->in_row * t->w};
}

/* Pointers to so many rows and columns of pixels; those outside the picture are zeros. */
CAIRN_INLINE void cairn_winograd_pixels(const cairn_operand *x, int64_t image, int64_t top, int64_t left,
                                        const int rows, const int columns, const real *zeros,
                                        const real **pixel)
{
    const real *first = cairn_image_of(x, image);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            bool inside = top + i >= 0 && top + i < x->h && left + j >= 0 && left + j < x->w;
            pixel[i * columns + j] =
                inside ? first + (top + i) * cairn_row_stride(x) + (left + j) * x->pitch : zeros;
        }
}

/* Those of a tile with `side` pixels a side, of which the first is given. */
CAIRN_INLINE void cairn_winograd_tile_pixels(const cairn_operand *x, const cairn_winograd_tiles *t,
                                             int64_t image, int64_t top, int64_t left, const int side,
                                             const real *zeros, const real **pixel,
                                             const cairn_winograd_form f)
{
    if (!f.line)
        cairn_winograd_pixels(x, image, top, left, side, side, zeros, pixel);
    else if (t->w > 1)
        cairn_winograd_pixels(x, image, top, left, 1, side, zeros, pixel);
    else
        cairn_winograd_pixels(x, image, top, left, side, 1, zeros, pixel);
}

/* One of the transforms of winograd.h, from some vectors to t. */
typedef void cairn_winograd_map(const vec *in, vec *out, const cairn_winograd_form f);

CAIRN_INLINE void cairn_winograd_store(void *to, int64_t at, vec v, const bool reals)
{
    if (reals)
        vec_store((real *)to + at, v);
    else
        vec_store((float *)to + at, v);
}

/* Channels c ... of a square of side x side pixels: to planes of the products, of floats or reals. */
CAIRN_INLINE void cairn_winograd_square(const real *const *pixel, const int side, int64_t c, vec_mask mask,
                                        cairn_winograd_map *map, void *to, int64_t plane,
                                        const cairn_winograd_form f, const bool reals)
{
    vec half[CAIRN_WINOGRAD_SIDE][CAIRN_WINOGRAD_SIDE], in[CAIRN_WINOGRAD_SIDE], out[CAIRN_WINOGRAD_SIDE];
    const int t = cairn_winograd_side(f);
    for (int j = 0; j < side; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < side; i++)
            in[i] = vec_load_part(pixel[i * side + j] + c, mask);
        map(in, out, f);
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            half[i][j] = out[i];
    }
    for (int i = 0; i < t; i++) {
        map(half[i], out, f);
        CAIRN_UNROLL
        for (int j = 0; j < t; j++)
            cairn_winograd_store(to, c + (i * t + j) * plane, out[j], reals);
    }
}

/* The same of a line. */
CAIRN_INLINE void cairn_winograd_line(const real *const *pixel, const int side, int64_t c, vec_mask mask,
                                      cairn_winograd_map *map, void *to, int64_t plane,
                                      const cairn_winograd_form f, const bool reals)
{
    vec in[CAIRN_WINOGRAD_LINE_SIDE], out[CAIRN_WINOGRAD_LINE_SIDE];
    CAIRN_UNROLL
    for (int i = 0; i < side; i++)
        in[i] = vec_load_part(pixel[i] + c, mask);
    map(in, out, f);
    CAIRN_UNROLL
    for (int j = 0; j < cairn_winograd_side(f); j++)
        cairn_winograd_store(to, c + j * plane, out[j], reals);
}

/* The same of whatever a tile is. */
CAIRN_INLINE void cairn_winograd_vector(const real *const *pixel, const int side, int64_t c, vec_mask mask,
                                        cairn_winograd_map *map, void *to, int64_t plane,
                                        const cairn_winograd_form f, const bool reals)
{
    if (f.line)
        cairn_winograd_line(pixel, side, c, mask, map, to, plane, f, reals);
    else
        cairn_winograd_square(pixel, side, c, mask, map, to, plane, f, reals);
}

CAIRN_INLINE void cairn_winograd_transform(const real *const *pixel, const int side, int64_t channels,
                                           cairn_winograd_map *map, void *to, int64_t plane,
                                           const cairn_winograd_form f, const bool reals)
{
    int64_t c = 0;
    for (; c + CAIRN_LANES <= channels; c += CAIRN_LANES)
        cairn_winograd_vector(pixel, side, c, vec_first(CAIRN_LANES), map, to, plane, f, reals);
    if (c < channels)
        cairn_winograd_vector(pixel, side, c, vec_first(channels - c), map, to, plane, f, reals);
}

#endif
