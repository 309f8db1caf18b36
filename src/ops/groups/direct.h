/* The direct kernel of many narrow groups, forward and for the gradient of the input: a tile of output pixels
 * stays in registers while the words of a group's pixels run past it. Layout, copies and weights are those of
 * groups.h. */
#ifndef CAIRN_OPS_GROUPS_DIRECT_H
#define CAIRN_OPS_GROUPS_DIRECT_H

#include "ops/groups/groups.h"
#include "ops/simd/functions.h"
#include <math.h>

/* Output pixels of a tile; their sums stay in registers. */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_DIRECT_TILE 14
#else
#define CAIRN_DIRECT_TILE 7
#endif

/* All pixels that a tile looks at, at stride 2 more than twice its own. */
#if defined(__clang__)
#define CAIRN_DIRECT_UNROLL CAIRN_UNROLL
#else
#define CAIRN_DIRECT_UNROLL _Pragma("GCC unroll 32")
#endif

typedef struct cairn_direct {
    cairn_groups g;
    int64_t sequence; /* words of a pixel whose products are summed in one sequence */
    const float *bias;
    cairn_activation_kind act;
} cairn_direct;

/* The rounding errors of a sum grow with the length of its sequences. */
CAIRN_INLINE cairn_direct cairn_direct_of(const cairn_site *site, const cairn_window *window, int64_t groups)
{
    const cairn_operand *x = &site->in[0], *y = &site->out[0];
    return (cairn_direct){.g = cairn_groups_of(window, groups, x, y, cairn_groups_unit_of(x->c / groups)),
                          .sequence = site->exact ? 1 : CAIRN_GROUPS_WIDEST / 2};
}

/* ---- sums ---- */

CAIRN_INLINE vec cairn_direct_multiply_add(vec sum, vec words, vec weights, const cairn_groups_form form)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    if (form.pairs)
        return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)words, (__m512bh)weights);
#endif
    (void)form;
    return sum + words * weights;
}

/* Where a tile is: what the first tap of its first pixel looks at, its weights and outputs. */
typedef struct cairn_direct_place {
    const float *x, *w;
    real *y;
    int64_t c, y_pitch;
    vec_mask mask;
    vec *sums; /* of sequences, CAIRN_DIRECT_TILE: in memory, since most tiles need none */
} cairn_direct_place;

/* Adds the products of word i of each group; returns the weights behind. */
CAIRN_INLINE const float *cairn_direct_word(const cairn_groups *g, const cairn_direct_place *t,
                                            const cairn_groups_form form, int64_t i, const float *w,
                                            vec acc[CAIRN_DIRECT_TILE], const int pixels)
{
    const cairn_window *window = &g->window;
    const int taps = form.stride > 0 ? 3 : 1, stride = form.stride > 0 ? form.stride : 1;
    int64_t pixel = form.narrow ? CAIRN_LANES / (form.pairs ? 2 : 1) : g->pixel;
    int64_t step = form.stride > 0 ? pixel : g->x_step, k_w = form.stride > 0 ? 3 : window->k_w;
    ivec lanes = g->lanes + (int32_t)i;
    for (int64_t ky = 0; ky < window->k_h; ky++)
        for (int64_t kx = 0; kx < k_w; kx += taps, w += taps * CAIRN_LANES) {
            const float *x = t->x + ky * window->dilation_h * g->x_row + kx * window->dilation_w * pixel;
            vec weights[3];
            CAIRN_UNROLL
            for (int tap = 0; tap < taps; tap++)
                weights[tap] = vec_load(w + tap * CAIRN_LANES);
            CAIRN_DIRECT_UNROLL
            for (int k = 0; k < (pixels - 1) * stride + taps; k++, x += step) {
                /* Else multiples of step are kept, for which there are no registers. */
                __asm__("" : "+r"(x));
                vec v = cairn_groups_pick(x, form, lanes, i);
                CAIRN_UNROLL
                for (int tap = 0; tap < taps; tap++)
                    if (k >= tap && (k - tap) % stride == 0 && (k - tap) / stride < pixels)
                        acc[(k - tap) / stride] =
                            cairn_direct_multiply_add(acc[(k - tap) / stride], v, weights[tap], form);
            }
        }
    return w;
}

/* Moves sums of a sequence to the sums of all, of which they may be the first. */
CAIRN_INLINE void cairn_direct_flush(vec acc[CAIRN_DIRECT_TILE], vec *sums, const int pixels, bool first)
{
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++) {
        sums[k] = first ? acc[k] : sums[k] + acc[k];
        acc[k] = (vec){0};
    }
}

CAIRN_INLINE void cairn_direct_tile(const cairn_direct *d, cairn_direct_place *t,
                                    const cairn_groups_form form, const int pixels)
{
    const cairn_groups *g = &d->g;
    vec acc[CAIRN_DIRECT_TILE];
    vec first = d->bias != NULL ? vec_load_part(d->bias + t->c, t->mask) : (vec){0};
    vec floor = vec_set(d->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY);
    const float *w = t->w;
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++) {
        acc[k] = first;
        if (!form.pairs) /* those are done before their lines would have come */
            __builtin_prefetch(t->y + k * t->y_pitch, 1);
    }
    for (int64_t i = 0, end = d->sequence; i < g->words; i++) {
        if (i == end) {
            cairn_direct_flush(acc, t->sums, pixels, i == d->sequence);
            end += d->sequence;
        }
        w = cairn_direct_word(g, t, form, i, w, acc, pixels);
    }
    if (g->words > d->sequence) {
        cairn_direct_flush(acc, t->sums, pixels, false);
        CAIRN_UNROLL
        for (int k = 0; k < pixels; k++)
            acc[k] = t->sums[k];
    }
    CAIRN_UNROLL
    for (int k = 0; k < pixels; k++)
        vec_store_part(t->y + k * t->y_pitch, vec_max(floor, acc[k]), t->mask);
    t->x += pixels * g->x_step;
    t->y += pixels * t->y_pitch;
}

/* A row of output pixels. At stride 2 the widest tile would look at more pixels than can be unrolled well. */
CAIRN_INLINE void cairn_direct_row(const cairn_direct *d, cairn_direct_place t, const cairn_groups_form form,
                                   int64_t pixels)
{
#if CAIRN_DIRECT_TILE > 7
    for (; form.stride != 2 && pixels >= CAIRN_DIRECT_TILE; pixels -= CAIRN_DIRECT_TILE)
        cairn_direct_tile(d, &t, form, CAIRN_DIRECT_TILE);
#endif
    for (; pixels >= 7; pixels -= 7)
        cairn_direct_tile(d, &t, form, 7);
    for (; pixels >= 4; pixels -= 4)
        cairn_direct_tile(d, &t, form, 4);
    for (; pixels > 0; pixels--)
        cairn_direct_tile(d, &t, form, 1);
}

#define CAIRN_DIRECT_ROW(name, ...)                                                                          \
    static void cairn_direct_row_##name(const cairn_direct *d, const cairn_direct_place *t, int64_t pixels)  \
    {                                                                                                        \
        cairn_direct_row(d, *t, (cairn_groups_form){__VA_ARGS__}, pixels);                                   \
    }
#define CAIRN_DIRECT_ROWS(name, ...)                                                                         \
    CAIRN_DIRECT_ROW(name##_0, __VA_ARGS__, 0)                                                               \
    CAIRN_DIRECT_ROW(name##_1, __VA_ARGS__, 1)                                                               \
    CAIRN_DIRECT_ROW(name##_2, __VA_ARGS__, 2)
CAIRN_DIRECT_ROWS(wide, false, false)
CAIRN_DIRECT_ROWS(narrow, true, false)
#if CAIRN_GROUPS_PAIRS
CAIRN_DIRECT_ROWS(wide_pairs, false, true)
CAIRN_DIRECT_ROWS(narrow_pairs, true, true)
#endif
#define CAIRN_DIRECT_LIST(name)                                                                              \
    {                                                                                                        \
        cairn_direct_row_##name##_0, cairn_direct_row_##name##_1, cairn_direct_row_##name##_2                \
    }

static inline void cairn_direct_any_row(const cairn_direct *d, const cairn_direct_place *t, int64_t pixels)
{
    /* by words, width and, of windows three pixels wide, stride */
    static void (*const rows[][2][3])(const cairn_direct *, const cairn_direct_place *, int64_t) = {
        {CAIRN_DIRECT_LIST(wide), CAIRN_DIRECT_LIST(narrow)},
#if CAIRN_GROUPS_PAIRS
        {CAIRN_DIRECT_LIST(wide_pairs), CAIRN_DIRECT_LIST(narrow_pairs)},
#endif
    };
    const cairn_groups *g = &d->g;
    const cairn_window *w = &g->window;
    bool three = w->k_w == 3 && w->dilation_w == 1 && w->stride_w <= 2;
    rows[g->unit - 1][g->width < CAIRN_LANES][three ? w->stride_w : 0](d, t, pixels);
}

/* ---- a kernel ---- */

static inline void cairn_direct_plan(cairn_site *site, const cairn_direct *d)
{
    const cairn_groups *g = &d->g;
    const cairn_operand *y = &site->out[0];
    site->per_image = true;
    site->units = g->bands * g->spans;
    site->unit_flops = 2 * g->rows * y->w * g->span * g->window.k_h * g->window.k_w * g->width;
    site->scratch = cairn_groups_copy_bytes(g, g->rows);
    site->packed = cairn_groups_packed_bytes(g);
}

/* A unit is a span of a band of output rows. */
static inline void cairn_direct_run(const cairn_work *work, const cairn_direct *d, int64_t unit)
{
    const cairn_groups *g = &d->g;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    int64_t image = unit / (g->bands * g->spans), band = unit / g->spans % g->bands;
    int64_t begin = unit % g->spans * g->span, first = band * g->rows;
    int64_t rows = cairn_min(g->rows, y->h - first);
    float *copy = (float *)(void *)work->scratch;
    vec sums[CAIRN_DIRECT_TILE];
    real *to = cairn_image_of(y, image) + first * cairn_row_stride(y);
    if (rows <= 0)
        return;
    cairn_groups_copy(g, x, cairn_image_of(x, image), first, rows, begin, copy);
    for (int64_t c = begin; c < cairn_min(begin + g->span, y->c); c += CAIRN_LANES)
        for (int64_t row = 0; row < rows; row++) {
            cairn_direct_place place = {.x = copy + row * g->window.stride_h * g->x_row,
                                        .w = cairn_groups_weights(g, work->packed, c),
                                        .y = to + row * cairn_row_stride(y) + c,
                                        .c = c,
                                        .y_pitch = y->pitch,
                                        .mask = vec_first(y->c - c),
                                        .sums = sums};
            cairn_direct_any_row(d, &place, y->w);
        }
    if (d->act != CAIRN_ACT_NONE && d->act != CAIRN_ACT_RELU)
        for (int64_t pixel = 0; pixel < rows * y->w; pixel++)
            vec_activate_span(d->act, to + pixel * y->pitch + begin, to + pixel * y->pitch + begin,
                              cairn_min(g->span, y->c - begin));
}

#endif
