/* Convolutions with so few channels that a vector of them would be mostly empty, as in LeNet's first layer
 * and in the gradient of its second: here vectors run along the rows of pixels, and each channel of a picture
 * is a plane of its own. For stride 1 without groups or dilation.
 *
 *     C[c, y, x] = start[c] + sum over p, r, s of P[p, y + r, x + s] * W[p, r, s, c]    (correlation)
 *     G[r, s, p, c] = sum over y, x of P[p, y + r, x + s] * D[c, y, x]                  (its gradient)
 *
 * where p counts planes and (r, s) the taps of the kernel.
 *
 * Channels c are taken in blocks; planes of a picture have room behind each row, so that loads may run past
 * it. */
#ifndef CAIRN_OPS_PLANAR_H
#define CAIRN_OPS_PLANAR_H

#include "ops/real.h"
#include "ops/simd/transpose.h"

#define CAIRN_PLANAR_CHANNELS 6 /* accumulators of a tile: so many channels by two vectors */

/* A picture in planes. */
typedef struct cairn_planes {
    float *data;
    int64_t count, h, w; /* w: pixels of a row that are used, padding included */
    int64_t row, plane;  /* elements between rows and planes */
} cairn_planes;

static inline int64_t cairn_vectors(int64_t pixels)
{
    return cairn_ceil_div(pixels, CAIRN_LANES);
}

/* Planes whose rows can be read by whole vectors from any of the first k_w columns on. */
static inline cairn_planes cairn_planes_of(int64_t count, int64_t h, int64_t w, int64_t k_w)
{
    int64_t row = cairn_vectors(w) * CAIRN_LANES + (int64_t)cairn_align((size_t)k_w - 1, CAIRN_LANES);
    return (cairn_planes){.count = count, .h = h, .w = w, .row = row, .plane = h * row};
}

static inline size_t cairn_planes_bytes(const cairn_planes *p)
{
    return cairn_align((size_t)(p->count * p->plane) * sizeof(float), 64);
}

/* Planes of zeros: what lies around a picture, for all that are loaded after one another. */
static inline void cairn_planes_place(cairn_planes *p, char *scratch)
{
    p->data = (float *)(void *)scratch;
    memset(p->data, 0, (size_t)(p->count * p->plane) * sizeof *p->data);
}

/* Pixels (h, w, c) into planes, `top` rows down and `left` columns to the right. */
CAIRN_INLINE void cairn_planes_load(const cairn_planes *p, const cairn_operand *x, const float *image,
                                    int64_t top, int64_t left)
{
    for (int64_t y = 0; y < x->h; y++) {
        const float *from = image + y * x->w * x->pitch;
        float *to = p->data + (y + top) * p->row + left;
        if (x->c == 1 && x->pitch == 1) {
            memcpy(to, from, (size_t)x->w * sizeof *to);
            continue;
        }
        vec_transpose_all(from, x->pitch, x->w, to, p->plane, x->c);
    }
}

/* A row of `count` planes, `row` elements apart, into pixels. */
CAIRN_INLINE void cairn_planes_store_row(const float *from, int64_t row, int64_t count, int64_t w, float *to,
                                         int64_t pitch)
{
    vec_transpose_all(from, row, count, to, pitch, w);
}

/* The taps and weights of one output row: W is [plane][tap row][k_w][CAIRN_PLANAR_CHANNELS], `p` the plane
 * row that the first tap row looks at. */
typedef struct cairn_planar_row {
    const float *p, *w;
    int64_t planes, plane, row; /* as in cairn_planes */
    int64_t taps_h, taps_w;
    int64_t plane_weights; /* elements between the weights of planes */
    const float *start;    /* CAIRN_PLANAR_CHANNELS numbers */
} cairn_planar_row;

CAIRN_INLINE void cairn_planar_tile(const cairn_planar_row *t, int64_t x, float *out, int64_t out_row,
                                    const int nv)
{
    vec acc[CAIRN_PLANAR_CHANNELS][2];
    CAIRN_UNROLL
    for (int c = 0; c < CAIRN_PLANAR_CHANNELS; c++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[c][v] = vec_set(t->start[c]);
    }
    for (int64_t plane = 0; plane < t->planes; plane++) {
        const float *w = t->w + plane * t->plane_weights;
        for (int64_t r = 0; r < t->taps_h; r++) {
            const float *p = t->p + plane * t->plane + r * t->row + x;
            for (int64_t s = 0; s < t->taps_w; s++, w += CAIRN_PLANAR_CHANNELS) {
                vec in[2];
                CAIRN_UNROLL
                for (int v = 0; v < nv; v++)
                    in[v] = vec_load(p + s + v * CAIRN_LANES);
                CAIRN_UNROLL
                for (int c = 0; c < CAIRN_PLANAR_CHANNELS; c++) {
                    CAIRN_UNROLL
                    for (int v = 0; v < nv; v++)
                        acc[c][v] += w[c] * in[v];
                }
            }
        }
    }
    CAIRN_UNROLL
    for (int c = 0; c < CAIRN_PLANAR_CHANNELS; c++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            vec_store(out + c * out_row + x + v * CAIRN_LANES, acc[c][v]);
    }
}

/* One row of output planes, `vectors` wide. */
CAIRN_INLINE void cairn_planar_correlate(const cairn_planar_row *t, int64_t vectors, float *out,
                                         int64_t out_row)
{
    int64_t v = 0;
    for (; v + 2 <= vectors; v += 2)
        cairn_planar_tile(t, v * CAIRN_LANES, out, out_row, 2);
    if (v < vectors)
        cairn_planar_tile(t, v * CAIRN_LANES, out, out_row, 1);
}

/* Can a convolution between so many channels be done here? */
static inline bool cairn_planar_fits(const cairn_conv2d_attrs *attrs, int64_t channels)
{
    const cairn_window *w = &attrs->geometry.window;
    return channels <= CAIRN_PLANAR_CHANNELS && attrs->groups == 1 && w->stride_h == 1 && w->stride_w == 1 &&
           w->dilation_h == 1 && w->dilation_w == 1;
}

#endif
