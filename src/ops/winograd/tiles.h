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

static inline bool cairn_winograd_window(const cairn_window *w)
{
    return w->k_h == 3 && w->k_w == 3 && w->stride_h == 1 && w->stride_w == 1 && w->dilation_h == 1 &&
           w->dilation_w == 1;
}

/* Whether the convolution that turns x into y has tiles; a plan that is exact wants the sums themselves. */
static inline bool cairn_winograd_can(const cairn_site *site, const cairn_conv2d_attrs *attrs,
                                      const cairn_operand *x, const cairn_operand *y)
{
    return !site->exact && attrs->groups == 1 && cairn_winograd_window(&attrs->geometry.window) &&
           x->c >= CAIRN_LANES && y->c >= CAIRN_LANES;
}

typedef struct cairn_winograd_tiles {
    int64_t m, in_row, count; /* in a row and in an image */
} cairn_winograd_tiles;

/* Where a tile begins in the output, and its image. */
typedef struct cairn_winograd_tile {
    int64_t image, y, x;
} cairn_winograd_tile;

/* Those that cover y. */
static inline cairn_winograd_tiles cairn_winograd_tiles_of(const cairn_operand *y, int m)
{
    int64_t in_row = cairn_ceil_div(y->w, m);
    return (cairn_winograd_tiles){m, in_row, in_row * cairn_ceil_div(y->h, m)};
}

static inline cairn_winograd_tile cairn_winograd_tile_at(const cairn_winograd_tiles *t, int64_t number)
{
    int64_t image = number / t->count, within = number % t->count;
    return (cairn_winograd_tile){image, within / t->in_row * t->m, within % t->in_row * t->m};
}

/* Pointers to a square of pixels; those outside the picture are zeros. */
CAIRN_INLINE void cairn_winograd_pixels(const cairn_operand *x, int64_t image, int64_t top, int64_t left,
                                        const int side, const real *zeros, const real **pixel)
{
    const real *first = cairn_image_of(x, image);
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = 0; j < side; j++) {
            bool inside = top + i >= 0 && top + i < x->h && left + j >= 0 && left + j < x->w;
            pixel[i * side + j] =
                inside ? first + (top + i) * cairn_row_stride(x) + (left + j) * x->pitch : zeros;
        }
}

/* One of the transforms of winograd.h, from some vectors to t. */
typedef void cairn_winograd_line(const vec *in, vec *out, const int m);

/* Channels c ... of a square of side x side pixels: to planes of the products, of floats or reals. */
CAIRN_INLINE void cairn_winograd_square(const real *const *pixel, const int side, int64_t c, vec_mask mask,
                                        cairn_winograd_line *line, void *to, int64_t plane, const int m,
                                        const bool reals)
{
    vec half[CAIRN_WINOGRAD_MOST][CAIRN_WINOGRAD_MOST], in[CAIRN_WINOGRAD_MOST], out[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int j = 0; j < side; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < side; i++)
            in[i] = vec_load_part(pixel[i * side + j] + c, mask);
        line(in, out, m);
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            half[i][j] = out[i];
    }
    for (int i = 0; i < t; i++) {
        line(half[i], out, m);
        CAIRN_UNROLL
        for (int j = 0; j < t; j++)
            if (reals)
                vec_store((real *)to + c + (i * t + j) * plane, out[j]);
            else
                vec_store((float *)to + c + (i * t + j) * plane, out[j]);
    }
}

CAIRN_INLINE void cairn_winograd_transform(const real *const *pixel, const int side, int64_t channels,
                                           cairn_winograd_line *line, void *to, int64_t plane, const int m,
                                           const bool reals)
{
    int64_t c = 0;
    for (; c + CAIRN_LANES <= channels; c += CAIRN_LANES)
        cairn_winograd_square(pixel, side, c, vec_first(CAIRN_LANES), line, to, plane, m, reals);
    if (c < channels)
        cairn_winograd_square(pixel, side, c, vec_first(channels - c), line, to, plane, m, reals);
}

#endif
