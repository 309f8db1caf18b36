/* Convolutions with many narrow groups, as in ResNeXt. Vectors run over output channels. Channels are taken
 * in spans: a group, or, where groups are narrower than a vector, as many as fill one, side by side. To
 * multiply channel i of every group with its weights the vector of a pixel is then permuted, so that each
 * lane holds channel i of its own group:
 *
 *     y[pixel, lanes] += sum over taps, i of pick_i(x[pixel of tap, lanes]) * W[tap, i, lanes]
 *
 * A band of rows of one span, with its padding, is copied, as floats, to where it stays in the first cache.
 * Groups have as many outputs as inputs. */
#ifndef CAIRN_OPS_GROUPS_H
#define CAIRN_OPS_GROUPS_H

#include "ops/real.h"
#include "ops/simd/functions.h"
#include <math.h>

/* Output pixels of a tile; their sums stay in registers. */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GROUPS_TILE 14
#else
#define CAIRN_GROUPS_TILE 7
#endif

/* All pixels that a tile looks at, at stride 2 more than twice its own. */
#if defined(__clang__)
#define CAIRN_GROUPS_UNROLL CAIRN_UNROLL
#else
#define CAIRN_GROUPS_UNROLL _Pragma("GCC unroll 32")
#endif

#define CAIRN_GROUPS_WIDEST 64        /* wider groups feed the matrix product well */
#define CAIRN_GROUPS_BAND_BYTES 32768 /* of a band's pixels */
#define CAIRN_GROUPS_LEAST_ROWS 4     /* of a band: fewer copy more than they compute */

typedef struct cairn_groups {
    cairn_window window;
    int64_t channels, width; /* of the picture, of a group */
    ivec lanes;              /* where the group of each lane begins */
    int64_t span, spans;     /* channels of a span, number of them */
    int64_t rows, bands;     /* output rows of a band, number of them */
    int64_t in_w;            /* padded */
    int64_t x_step, x_row; /* elements between neighbouring windows of a band's copy, and between its rows */
    const float *bias;
    cairn_activation_kind act;
} cairn_groups;

static inline bool cairn_groups_fit(const cairn_conv2d_attrs *attrs, int64_t in_c, int64_t out_c)
{
    int64_t width = in_c / attrs->groups;
    return attrs->groups > 1 && in_c == out_c && width <= CAIRN_GROUPS_WIDEST &&
           (width < CAIRN_LANES ? CAIRN_LANES % width == 0 : width % CAIRN_LANES == 0);
}

/* The window of the convolution that turns the gradient of a result into that of the input, at stride 1. */
static inline cairn_window cairn_groups_turned(const cairn_window *window)
{
    cairn_window w = *window;
    int32_t reach_h = (w.k_h - 1) * w.dilation_h, reach_w = (w.k_w - 1) * w.dilation_w;
    w.pad_top = reach_h - w.pad_top;
    w.pad_bottom = reach_h - w.pad_bottom;
    w.pad_left = reach_w - w.pad_left;
    w.pad_right = reach_w - w.pad_right;
    return w;
}

/* Whether it is one: paddings are not more than the window reaches. */
static inline bool cairn_groups_turns(const cairn_window *window)
{
    cairn_window w = cairn_groups_turned(window);
    return w.stride_h == 1 && w.stride_w == 1 && w.pad_top >= 0 && w.pad_bottom >= 0 && w.pad_left >= 0 &&
           w.pad_right >= 0;
}

static inline int64_t cairn_groups_rows_seen(const cairn_window *w, int64_t rows)
{
    return (rows - 1) * w->stride_h + (int64_t)(w->k_h - 1) * w->dilation_h + 1;
}

CAIRN_INLINE cairn_groups cairn_groups_of(const cairn_window *window, int64_t groups, const cairn_operand *x,
                                          const cairn_operand *y)
{
    cairn_groups g = {.window = *window,
                      .channels = x->c,
                      .width = x->c / groups,
                      .rows = 1,
                      .in_w = x->w + window->pad_left + window->pad_right};
    for (int64_t l = 0; l < CAIRN_LANES; l++)
        g.lanes[l] = (int32_t)(g.width < CAIRN_LANES ? l / g.width * g.width : 0);
    g.span = cairn_max(g.width, CAIRN_LANES);
    g.spans = cairn_ceil_div(x->c, g.span);
    g.x_step = window->stride_w * g.span;
    g.x_row = g.in_w * g.span;
    int64_t most = CAIRN_GROUPS_BAND_BYTES / (g.x_row * (int64_t)sizeof(float));
    while (g.rows < y->h &&
           (g.rows < CAIRN_GROUPS_LEAST_ROWS || cairn_groups_rows_seen(window, g.rows + 1) <= most))
        g.rows++;
    g.bands = cairn_ceil_div(y->h, g.rows);
    return g;
}

/* Bytes of the copy of so many output rows. */
static inline size_t cairn_groups_copy_bytes(const cairn_groups *g, int64_t rows)
{
    return (size_t)(cairn_groups_rows_seen(&g->window, rows) * g->x_row) * sizeof(float);
}

/* ---- pixels ---- */

/* With lanes those of channel i: each lane holds channel i of its own group. */
CAIRN_INLINE vec cairn_groups_pick(const float *pixel, const bool narrow, ivec lanes, int64_t i)
{
    if (!narrow)
        return vec_set(pixel[i]);
#if defined(CAIRN_SIMD_AVX512)
    return (vec)_mm512_permutexvar_ps((__m512i)lanes, (__m512)vec_load(pixel));
#elif defined(CAIRN_SIMD_AVX2)
    /* groups of up to four lie within a half: the instruction that crosses halves takes three times as long
     */
    return (vec)_mm256_permutevar_ps((__m256)vec_load(pixel), (__m256i)lanes);
#else
    vec picked;
    for (int l = 0; l < CAIRN_LANES; l++)
        picked[l] = pixel[lanes[l]];
    return picked;
#endif
}

#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GROUPS_PERMUTE(v, lanes) ((vec)_mm512_permute_ps((__m512)(v), lanes))
#elif defined(CAIRN_SIMD_AVX2)
#define CAIRN_GROUPS_PERMUTE(v, lanes) ((vec)_mm256_permute_ps((__m256)(v), lanes))
#endif

/* Channel i of groups of `width` channels, both known to the compiler: permutations by constants take far
 * less time on the first Zen than those by variables. */
CAIRN_INLINE vec cairn_groups_pick_known(vec v, const int width, const int i)
{
#if defined(CAIRN_GROUPS_PERMUTE)
    switch (4 * width + i) {
    case 4:
        return v;
    case 8:
        return CAIRN_GROUPS_PERMUTE(v, 0xA0);
    case 9:
        return CAIRN_GROUPS_PERMUTE(v, 0xF5);
    case 16:
        return CAIRN_GROUPS_PERMUTE(v, 0x00);
    case 17:
        return CAIRN_GROUPS_PERMUTE(v, 0x55);
    case 18:
        return CAIRN_GROUPS_PERMUTE(v, 0xAA);
    case 19:
        return CAIRN_GROUPS_PERMUTE(v, 0xFF);
    default:
        break;
    }
#endif
#if defined(CAIRN_SIMD_AVX512)
    ivec lanes;
    CAIRN_UNROLL
    for (int l = 0; l < CAIRN_LANES; l++)
        lanes[l] = l / width * width + i;
    return (vec)_mm512_permutexvar_ps((__m512i)lanes, (__m512)v);
#else
    vec picked;
    CAIRN_UNROLL
    for (int l = 0; l < CAIRN_LANES; l++)
        picked[l] = v[l / width * width + i];
    return picked;
#endif
}

/* Copies what the output rows from `first` on look at, of the span that begins at channel c. */
CAIRN_INLINE void cairn_groups_copy(const cairn_groups *g, const cairn_operand *x, const real *image,
                                    int64_t first, int64_t rows, int64_t c, float *to)
{
    const cairn_window *w = &g->window;
    int64_t top = first * w->stride_h - w->pad_top, left = w->pad_left * g->span;
    int64_t right = w->pad_right * g->span;
    for (int64_t row = top; row < top + cairn_groups_rows_seen(w, rows); row++, to += g->x_row) {
        if (row < 0 || row >= x->h) {
            memset(to, 0, (size_t)g->x_row * sizeof *to);
            continue;
        }
        memset(to, 0, (size_t)left * sizeof *to);
        memset(to + g->x_row - right, 0, (size_t)right * sizeof *to);
        const real *from = image + row * cairn_row_stride(x) + c;
        for (int64_t v = 0; v < g->span; v += CAIRN_LANES) {
            vec_mask mask = vec_first(x->c - c - v);
            for (int64_t pixel = 0; pixel < x->w; pixel++)
                vec_store(to + left + pixel * g->span + v, vec_load_part(from + pixel * x->pitch + v, mask));
        }
    }
}

/* ---- weights: [span][vector of it][i][k_h][k_w][lane] ---- */

static inline size_t cairn_groups_packed_bytes(const cairn_groups *g)
{
    return (size_t)(g->spans * g->span * g->width * g->window.k_h * g->window.k_w) * sizeof(float);
}

CAIRN_INLINE const float *cairn_groups_weights(const cairn_groups *g, const char *packed, int64_t c)
{
    return (const float *)(const void *)packed + c * g->width * g->window.k_h * g->window.k_w;
}

/* W(tap, i, o) is `w[(tap * width + i) * channels + o]`; for the gradient of the input taps are in reverse
 * and i and o change places within a group. */
CAIRN_INLINE float cairn_groups_weight(const cairn_groups *g, const float *w, int64_t tap, int64_t i,
                                       int64_t o, const bool reverse)
{
    int64_t last = (int64_t)g->window.k_h * g->window.k_w - 1, width = g->width;
    if (o >= g->channels)
        return 0.0f;
    return reverse ? w[((last - tap) * width + o % width) * g->channels + o / width * width + i]
                   : w[(tap * width + i) * g->channels + o];
}

CAIRN_INLINE void cairn_groups_pack(const cairn_groups *g, const float *w, float *packed, const bool reverse)
{
    int64_t taps = (int64_t)g->window.k_h * g->window.k_w;
    for (int64_t c = 0; c < g->spans * g->span; c += CAIRN_LANES)
        for (int64_t i = 0; i < g->width; i++)
            for (int64_t tap = 0; tap < taps; tap++)
                for (int64_t o = c; o < c + CAIRN_LANES; o++)
                    *packed++ = cairn_groups_weight(g, w, tap, i, o, reverse);
}

/* ---- sums ---- */

/* Where a tile is: what the first tap of its first pixel looks at, its weights and outputs. */
typedef struct cairn_groups_place {
    const float *x, *w;
    real *y;
    int64_t c, y_pitch;
    vec_mask mask;
} cairn_groups_place;

/* What the compiler shall know of a tile. With stride 0, for any stride and dilation, taps are taken one by
 * one; else by threes, so that each pixel is picked once for all that see it. */
typedef struct cairn_groups_form {
    bool narrow;
    int stride;
} cairn_groups_form;

/* Adds the products of channel i of each group; returns the weights behind. */
CAIRN_INLINE const float *cairn_groups_channel(const cairn_groups *g, const cairn_groups_place *t,
                                               const cairn_groups_form form, int64_t i, const float *w,
                                               vec acc[CAIRN_GROUPS_TILE], const int pixels)
{
    const cairn_window *window = &g->window;
    const int taps = form.stride > 0 ? 3 : 1, stride = form.stride > 0 ? form.stride : 1;
    int64_t step = form.stride > 0 ? g->span : g->x_step;
    ivec lanes = g->lanes + (int32_t)i;
    for (int64_t ky = 0; ky < window->k_h; ky++)
        for (int64_t kx = 0; kx < window->k_w; kx += taps, w += taps * CAIRN_LANES) {
            const float *x = t->x + ky * window->dilation_h * g->x_row + kx * window->dilation_w * g->span;
            vec weights[3];
            CAIRN_UNROLL
            for (int tap = 0; tap < taps; tap++)
                weights[tap] = vec_load(w + tap * CAIRN_LANES);
            CAIRN_GROUPS_UNROLL
            for (int k = 0; k < (pixels - 1) * stride + taps; k++) {
                vec v = cairn_groups_pick(x + k * step, form.narrow, lanes, i);
                CAIRN_UNROLL
                for (int tap = 0; tap < taps; tap++)
                    if (k >= tap && (k - tap) % stride == 0 && (k - tap) / stride < pixels)
                        acc[(k - tap) / stride] += v * weights[tap];
            }
        }
    return w;
}

/* The taps of a channel are one sequence of a sum, and the channels another: rounding errors grow with the
 * length of sequences. */
CAIRN_INLINE void cairn_groups_tile(const cairn_groups *g, cairn_groups_place *t,
                                    const cairn_groups_form form, const int pixels)
{
    vec sums[CAIRN_GROUPS_TILE], acc[CAIRN_GROUPS_TILE];
    vec first = g->bias != NULL ? vec_load_part(g->bias + t->c, t->mask) : (vec){0};
    vec floor = vec_set(g->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY);
    const float *w = t->w;
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++)
        sums[k] = first;
    for (int64_t i = 0; i < g->width; i++) {
        CAIRN_UNROLL
        for (int k = 0; k < pixels; k++)
            acc[k] = (vec){0};
        w = cairn_groups_channel(g, t, form, i, w, acc, pixels);
        CAIRN_UNROLL
        for (int k = 0; k < pixels; k++)
            sums[k] += acc[k];
    }
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++)
        vec_store_part(t->y + k * t->y_pitch, vec_max(floor, sums[k]), t->mask);
    t->x += pixels * g->x_step;
    t->y += pixels * t->y_pitch;
}

/* A row of output pixels. At stride 2 the widest tile would look at more pixels than can be unrolled well. */
CAIRN_INLINE void cairn_groups_row(const cairn_groups *g, cairn_groups_place t, const cairn_groups_form form,
                                   int64_t pixels)
{
#if CAIRN_GROUPS_TILE > 7
    for (; form.stride != 2 && pixels >= CAIRN_GROUPS_TILE; pixels -= CAIRN_GROUPS_TILE)
        cairn_groups_tile(g, &t, form, CAIRN_GROUPS_TILE);
#endif
    for (; pixels >= 7; pixels -= 7)
        cairn_groups_tile(g, &t, form, 7);
    for (; pixels >= 4; pixels -= 4)
        cairn_groups_tile(g, &t, form, 4);
    for (; pixels > 0; pixels--)
        cairn_groups_tile(g, &t, form, 1);
}

#define CAIRN_GROUPS_ROW(narrow, stride)                                                                     \
    static void cairn_groups_row_##narrow##_##stride(const cairn_groups *g, const cairn_groups_place *t,     \
                                                     int64_t pixels)                                         \
    {                                                                                                        \
        cairn_groups_row(g, *t, (cairn_groups_form){narrow, stride}, pixels);                                \
    }
CAIRN_GROUPS_ROW(0, 0)
CAIRN_GROUPS_ROW(0, 1)
CAIRN_GROUPS_ROW(0, 2)
CAIRN_GROUPS_ROW(1, 0)
CAIRN_GROUPS_ROW(1, 1)
CAIRN_GROUPS_ROW(1, 2)

static inline void cairn_groups_any_row(const cairn_groups *g, const cairn_groups_place *t, int64_t pixels)
{
    const cairn_window *w = &g->window;
    bool narrow = g->width < CAIRN_LANES, three = w->k_w == 3 && w->dilation_w == 1;
    if (three && w->stride_w == 1)
        (narrow ? cairn_groups_row_1_1 : cairn_groups_row_0_1)(g, t, pixels);
    else if (three && w->stride_w == 2)
        (narrow ? cairn_groups_row_1_2 : cairn_groups_row_0_2)(g, t, pixels);
    else
        (narrow ? cairn_groups_row_1_0 : cairn_groups_row_0_0)(g, t, pixels);
}

/* ---- a kernel ---- */

static inline void cairn_groups_plan(cairn_site *site, const cairn_groups *g, const cairn_operand *y)
{
    site->per_image = true;
    site->units = g->bands * g->spans;
    site->unit_flops = 2 * g->rows * y->w * g->span * g->window.k_h * g->window.k_w * g->width;
    site->scratch = cairn_groups_copy_bytes(g, g->rows);
    site->packed = cairn_groups_packed_bytes(g);
}

/* A unit is a span of a band of output rows. */
static inline void cairn_groups_unit(const cairn_work *work, const cairn_groups *g, int64_t unit)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    int64_t image = unit / (g->bands * g->spans), band = unit / g->spans % g->bands;
    int64_t begin = unit % g->spans * g->span, first = band * g->rows;
    int64_t rows = cairn_min(g->rows, y->h - first);
    float *copy = (float *)(void *)work->scratch;
    real *to = cairn_image_of(y, image) + first * cairn_row_stride(y);
    if (rows <= 0)
        return;
    cairn_groups_copy(g, x, cairn_image_of(x, image), first, rows, begin, copy);
    for (int64_t c = begin; c < cairn_min(begin + g->span, y->c); c += CAIRN_LANES)
        for (int64_t row = 0; row < rows; row++) {
            cairn_groups_place place = {.x = copy + row * g->window.stride_h * g->x_row,
                                        .w = cairn_groups_weights(g, work->packed, c),
                                        .y = to + row * cairn_row_stride(y) + c,
                                        .c = c,
                                        .y_pitch = y->pitch,
                                        .mask = vec_first(y->c - c)};
            cairn_groups_any_row(g, &place, y->w);
        }
    if (g->act != CAIRN_ACT_NONE && g->act != CAIRN_ACT_RELU)
        for (int64_t pixel = 0; pixel < rows * y->w; pixel++)
            vec_activate_span(g->act, to + pixel * y->pitch + begin, to + pixel * y->pitch + begin,
                              cairn_min(g->span, y->c - begin));
}

#endif
