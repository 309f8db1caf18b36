/* Windows of convolutions and pools: padding rules, output sizes, and what a kernel needs to walk them. */
#ifndef CAIRN_OPS_WINDOW_H
#define CAIRN_OPS_WINDOW_H

#include "ops/attrs.h"

/* Checks the window, completes pads and sizes for input 0 of the node, which is (H, W, C) per image.
 * Output sizes:
 *     explicit   floor((n + before + after - k) / stride) + 1,  k the dilated kernel
 *     ceil       rounded up, less one if the last window would start behind the picture and its first pad
 *     SAME       ceil(n / stride); of the pads needed the odd pixel goes after (TensorFlow) */
cairn_status cairn_window_resolve(const cairn_infer *node, cairn_window_attrs *attrs);

/* Fails unless every window holds at least one pixel: the maximum or mean of nothing is no number. */
cairn_status cairn_window_expect_pixels(const cairn_infer *node, const cairn_window_attrs *attrs);

/* For the tables of operators whose attributes begin with a cairn_window_attrs: "5x5, stride 1", with padding
 * and dilation if there are any; and the window. */
void cairn_window_describe(const void *attrs, char *text, size_t size);

const cairn_window *cairn_window_of(const void *attrs);

/* Whether a convolution goes over its pictures by groups of channels, for cairn_op. */
bool cairn_conv2d_by_groups(const void *attrs);

/* The taps of a window along one axis that lie on the picture: [begin, end) of 0 ... k-1. */
typedef struct cairn_taps {
    int64_t start; /* position of tap 0, may be negative */
    int64_t begin, end;
} cairn_taps;

static inline cairn_taps cairn_taps_at(int64_t out, int64_t stride, int64_t pad, int64_t dilation, int64_t k,
                                       int64_t in)
{
    cairn_taps taps = {.start = out * stride - pad, .end = k};
    if (taps.start < 0)
        taps.begin = cairn_min((-taps.start + dilation - 1) / dilation, k);
    if (taps.start + (k - 1) * dilation >= in)
        taps.end = taps.start >= in ? 0 : (in - taps.start + dilation - 1) / dilation;
    taps.end = cairn_max(taps.end, taps.begin);
    return taps;
}

static inline cairn_taps cairn_taps_h(const cairn_window_attrs *a, int64_t out_y)
{
    const cairn_window *w = &a->window;
    return cairn_taps_at(out_y, w->stride_h, w->pad_top, w->dilation_h, w->k_h, a->in_h);
}

static inline cairn_taps cairn_taps_w(const cairn_window_attrs *a, int64_t out_x)
{
    const cairn_window *w = &a->window;
    return cairn_taps_at(out_x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, a->in_w);
}

/* What an average pool divides a window's sum by. The window of a ceil pool may reach beyond the padding;
 * such pixels do not count. */
static inline int64_t cairn_pool_divisor(const cairn_pool_attrs *attrs, int64_t oy, int64_t ox)
{
    const cairn_window_attrs *a = &attrs->geometry;
    const cairn_window *w = &a->window;
    cairn_taps rows = cairn_taps_h(a, oy), columns = cairn_taps_w(a, ox);
    switch (attrs->divisor) {
    case CAIRN_DIVISOR_PIXELS:
        return (rows.end - rows.begin) * (columns.end - columns.begin);
    case CAIRN_DIVISOR_WINDOW:
        return cairn_min(w->k_h, a->in_h + w->pad_bottom - rows.start) *
               cairn_min(w->k_w, a->in_w + w->pad_right - columns.start);
    case CAIRN_DIVISOR_ONE:
        break;
    }
    return 1;
}

#endif
