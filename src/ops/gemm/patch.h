/* How the windows of a convolution lie in memory: as a few contiguous segments at the same offsets from every
 * window's first pixel. Padding is made real first: the picture is copied into the middle of zeros.
 * Neighbouring taps of a kernel row, and rows of a kernel as wide as the picture, join into one segment. */
#ifndef CAIRN_OPS_PATCH_H
#define CAIRN_OPS_PATCH_H

#include "ops/gemm/gemm.h"

typedef struct cairn_patch {
    bool padded;              /* windows are cut from a copy with the padding, if there is one */
    int64_t h, w, c, pitch;   /* of the picture that windows are cut from */
    int64_t segments, length; /* of a window, for one group of channels */
    int64_t taps_per_row;     /* segments of a kernel row */
    int64_t step_h, step_w;   /* elements between neighbouring windows */
    const cairn_window *window;
} cairn_patch;

static inline void cairn_patch_set_pitch(cairn_patch *p, int64_t pitch)
{
    p->pitch = pitch;
    p->step_w = p->window->stride_w * pitch;
    p->step_h = p->window->stride_h * p->w * pitch;
}

/* `copied`: windows are cut from a copy, even if there is no padding. */
static inline cairn_patch cairn_patch_of(const cairn_conv2d_attrs *attrs, const cairn_operand *x, bool copied)
{
    const cairn_window *w = &attrs->geometry.window;
    cairn_patch p = {.h = x->h + w->pad_top + w->pad_bottom,
                     .w = x->w + w->pad_left + w->pad_right,
                     .c = x->c,
                     .window = w,
                     .segments = (int64_t)w->k_h * w->k_w,
                     .length = x->c / attrs->groups,
                     .taps_per_row = w->k_w};
    p.padded = copied || p.h != x->h || p.w != x->w;
    cairn_patch_set_pitch(&p, p.padded ? x->c : x->pitch);
    if (attrs->groups > 1 || w->dilation_w > 1 || p.pitch != p.c)
        return p;
    p.segments = w->k_h;
    p.length *= w->k_w;
    p.taps_per_row = 1;
    if (w->dilation_h == 1 && w->k_w == p.w) {
        p.segments = 1;
        p.length *= w->k_h;
    }
    return p;
}

/* Of many groups each reads a few numbers of every pixel. In a copy a line is left between pixels: steps of a
 * power of two would fall into few sets of the first cache. */
static inline void cairn_patch_lay_apart(cairn_patch *p, const cairn_conv2d_attrs *attrs)
{
    if (p->padded && attrs->groups > 1)
        cairn_patch_set_pitch(p, p->pitch + CAIRN_LINE_BYTES / (int64_t)sizeof(cairn_multiplier));
}

static inline int64_t cairn_patch_offset(const cairn_patch *p, int64_t segment)
{
    int64_t row = segment / p->taps_per_row, tap = segment % p->taps_per_row;
    return (row * p->window->dilation_h * p->w + tap * p->window->dilation_w) * p->pitch;
}

/* ---- scratch: offsets of the segments, then the padded picture ---- */

static inline size_t cairn_patch_offset_bytes(const cairn_patch *p)
{
    return cairn_align((size_t)p->segments * sizeof(int64_t), 64);
}

static inline size_t cairn_patch_scratch(const cairn_patch *p)
{
    size_t picture = p->padded ? (size_t)(p->h * p->w * p->pitch) * sizeof(cairn_multiplier) : 0;
    return cairn_patch_offset_bytes(p) + picture;
}

static inline int64_t *cairn_patch_offsets(const cairn_patch *p, char *scratch)
{
    int64_t *offsets = (int64_t *)(void *)scratch;
    for (int64_t s = 0; s < p->segments; s++)
        offsets[s] = cairn_patch_offset(p, s);
    return offsets;
}

static inline cairn_multiplier *cairn_patch_picture(const cairn_patch *p, char *scratch)
{
    return (cairn_multiplier *)(void *)(scratch + cairn_patch_offset_bytes(p));
}

/* Numbers of the picture. */
CAIRN_INLINE void cairn_patch_copy(cairn_multiplier *to, const real *from, int64_t count)
{
#if CAIRN_GEMM_WIDENS
    cairn_widen_pixel(to, from, count);
#else
    cairn_copy_pixel(to, from, count);
#endif
}

/* Copies rows begin ... end-1 of the picture of an image with its padding; the picture begins at the result.
 */
static inline const cairn_multiplier *cairn_patch_load_rows(const cairn_patch *p, const cairn_operand *x,
                                                            const real *image, char *scratch, int64_t begin,
                                                            int64_t end)
{
    cairn_multiplier *picture = cairn_patch_picture(p, scratch);
    int64_t row_elements = p->w * p->pitch, touching = x->pitch == x->c && p->pitch == x->c ? x->w : 1;
    size_t left = (size_t)(p->window->pad_left * p->pitch) * sizeof *picture,
           right = (size_t)(p->window->pad_right * p->pitch) * sizeof *picture;
    for (int64_t row = begin; row < end; row++) {
        cairn_multiplier *to = picture + row * row_elements, *behind = to + row_elements;
        if (row < p->window->pad_top || row >= p->window->pad_top + x->h) {
            memset(to, 0, (size_t)row_elements * sizeof *to);
            continue;
        }
        memset(to, 0, left);
        memset((char *)behind - right, 0, right);
        to += p->window->pad_left * p->pitch;
        const real *from = image + (row - p->window->pad_top) * cairn_row_stride(x);
        for (int64_t i = 0; i < x->w; i += touching)
            cairn_patch_copy(to + i * p->pitch, from + i * x->pitch, touching * x->c);
    }
    return picture;
}

/* The pointers of `count` windows from window number `first` on, in rows of out_w, of a picture of elements
 * of so many bytes. */
static inline void cairn_patch_windows(const cairn_patch *p, const void *picture, size_t bytes, int64_t out_w,
                                       int64_t first, int64_t count, const void **to)
{
    int64_t y = first / out_w, x = first % out_w;
    for (int64_t i = 0; i < count; i++) {
        to[i] = (const char *)picture + (size_t)(y * p->step_h + x * p->step_w) * bytes;
        if (++x == out_w) {
            x = 0;
            y++;
        }
    }
}

#endif
