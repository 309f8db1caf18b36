/* Windows of convolutions and pools: padding rules and output sizes. */
#include "ops/window.h"
#include "ops/check.h"
#include <stdio.h>

#define MAX_EXTENT (1 << 24) /* of a size, stride, dilation or pad: products of two stay far below 2^63 */

typedef struct axis {
    const char *name;
    int32_t in, k, stride, dilation;
    int32_t *before, *after, *out;
} axis;

static cairn_status expect_range(const cairn_infer *node, const axis *a, const char *what, int64_t value,
                                 int64_t low)
{
    if (value >= low && value <= MAX_EXTENT)
        return CAIRN_OK;
    return cairn_fail(node->ctx, CAIRN_INPUT, "%s: %s %s (expected %lld to %d, found %lld)", node->name, what,
                      a->name, (long long)low, MAX_EXTENT, (long long)value);
}

static cairn_status check_axis(const cairn_infer *node, const axis *a)
{
    const struct {
        const char *what;
        int64_t value, low;
    } rules[] = {{"input", a->in, 1},
                 {"kernel", a->k, 1},
                 {"stride", a->stride, 1},
                 {"dilation", a->dilation, 1},
                 {"padding before", *a->before, 0},
                 {"padding after", *a->after, 0}};
    for (size_t i = 0; i < CAIRN_COUNT(rules); i++) {
        cairn_status status = expect_range(node, a, rules[i].what, rules[i].value, rules[i].low);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static cairn_status resolve_axis(const cairn_infer *node, const axis *a, cairn_padding padding, bool ceil)
{
    if (padding == CAIRN_PAD_SAME)
        *a->before = *a->after = 0;
    cairn_status status = check_axis(node, a);
    if (status != CAIRN_OK)
        return status;
    int64_t kernel = (int64_t)(a->k - 1) * a->dilation + 1, out;
    if (padding == CAIRN_PAD_SAME) {
        out = cairn_ceil_div(a->in, a->stride);
        int64_t total = cairn_max((out - 1) * a->stride + kernel - a->in, 0);
        if ((status = expect_range(node, a, "padding", total, 0)) != CAIRN_OK)
            return status;
        *a->before = (int32_t)(total / 2);
        *a->after = (int32_t)(total - total / 2);
    } else {
        int64_t room = (int64_t)a->in + *a->before + *a->after - kernel;
        out = floor_div(ceil ? room + a->stride - 1 : room, a->stride) + 1;
        if (ceil && (out - 1) * a->stride >= a->in + *a->before)
            out--;
    }
    if (out < 1)
        return cairn_fail(node->ctx, CAIRN_INPUT,
                          "%s: window %s does not fit (expected at most %d pixels with padding, found %lld)",
                          node->name, a->name, a->in + *a->before + *a->after, (long long)kernel);
    *a->out = (int32_t)out;
    return CAIRN_OK;
}

static void axes_of(cairn_window_attrs *attrs, axis axes[2])
{
    cairn_window *w = &attrs->window;
    axes[0] = (axis){"height",      attrs->in_h, w->k_h,         w->stride_h,
                     w->dilation_h, &w->pad_top, &w->pad_bottom, &attrs->out_h};
    axes[1] = (axis){"width",       attrs->in_w,  w->k_w,        w->stride_w,
                     w->dilation_w, &w->pad_left, &w->pad_right, &attrs->out_w};
}

cairn_status cairn_window_resolve(const cairn_infer *node, cairn_window_attrs *attrs)
{
    cairn_status status = cairn_expect_image_value(node, 0, 3);
    if (status != CAIRN_OK)
        return status;
    const int64_t *dim = node->in[0]->shape.dim;
    attrs->in_h = (int32_t)cairn_min(dim[0], INT32_MAX);
    attrs->in_w = (int32_t)cairn_min(dim[1], INT32_MAX);
    axis axes[2];
    axes_of(attrs, axes);
    for (int i = 0; i < 2 && status == CAIRN_OK; i++)
        status = resolve_axis(node, &axes[i], attrs->padding, attrs->ceil);
    return status;
}

/* Windows move evenly, so it is the first and last ones that may miss the picture; with dilation a middle one
 * may straddle a small picture, hence all are looked at. */
static bool axis_touches(int32_t out, int32_t stride, int32_t pad, int32_t dilation, int32_t k, int32_t in)
{
    for (int32_t o = 0; o < out; o++) {
        cairn_taps taps = cairn_taps_at(o, stride, pad, dilation, k, in);
        if (taps.begin >= taps.end)
            return false;
    }
    return true;
}

cairn_status cairn_window_expect_pixels(const cairn_infer *node, const cairn_window_attrs *attrs)
{
    const cairn_window *w = &attrs->window;
    if (axis_touches(attrs->out_h, w->stride_h, w->pad_top, w->dilation_h, w->k_h, attrs->in_h) &&
        axis_touches(attrs->out_w, w->stride_w, w->pad_left, w->dilation_w, w->k_w, attrs->in_w))
        return CAIRN_OK;
    return cairn_fail(
        node->ctx, CAIRN_INPUT,
        "%s: padding %d, %d, %d, %d (expected less than the %dx%d window, found windows of padding alone)",
        node->name, w->pad_top, w->pad_bottom, w->pad_left, w->pad_right, w->k_h, w->k_w);
}

const cairn_window *cairn_window_of(const void *attrs)
{
    return &((const cairn_window_attrs *)attrs)->window;
}

bool cairn_conv2d_by_groups(const void *attrs)
{
    return ((const cairn_conv2d_attrs *)attrs)->groups > 1;
}

void cairn_window_describe(const void *window_attrs, char *text, size_t size)
{
    const cairn_window_attrs *attrs = window_attrs;
    const cairn_window *w = &attrs->window;
    char stride[32], pad[64] = "", dilation[48] = "";
    if (w->stride_h == w->stride_w)
        snprintf(stride, sizeof stride, "%d", w->stride_h);
    else
        snprintf(stride, sizeof stride, "%dx%d", w->stride_h, w->stride_w);
    if (attrs->padding == CAIRN_PAD_SAME)
        snprintf(pad, sizeof pad, ", same");
    else if (w->pad_top != w->pad_bottom || w->pad_left != w->pad_right)
        snprintf(pad, sizeof pad, ", pad %d,%d,%d,%d", w->pad_top, w->pad_bottom, w->pad_left, w->pad_right);
    else if (w->pad_top != w->pad_left)
        snprintf(pad, sizeof pad, ", pad %dx%d", w->pad_top, w->pad_left);
    else if (w->pad_top != 0)
        snprintf(pad, sizeof pad, ", pad %d", w->pad_top);
    if (w->dilation_h != 1 || w->dilation_w != 1)
        snprintf(dilation, sizeof dilation, ", dilation %dx%d", w->dilation_h, w->dilation_w);
    snprintf(text, size, "%dx%d, stride %s%s%s%s", w->k_h, w->k_w, stride, pad, dilation,
             attrs->ceil ? ", ceil" : "");
}
