/* The direct kernel of many narrow groups, forward and for the gradient of the input: a tile of output pixels
 * stays in registers while the words of a group's pixels run past it. Layout, copies and weights are those of
 * groups.h.
 *
 * The gradient of the input is a convolution of dy with the kernel turned round; at stride s there are s * s
 * of them, its phases, each with the taps that meet every s-th row and column of the input. */
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

#define CAIRN_DIRECT_STRIDE 2 /* the largest on the way back */

/* Outputs in every step-th row and column from (y, x) on. */
typedef struct cairn_direct_phase {
    int32_t k_h, k_w, dilation_h, dilation_w; /* of its taps */
    int64_t y, x;                             /* first output */
    int64_t row, column; /* of the copy, that the first tap of the first output looks at */
    int64_t weights;     /* where the packed ones begin, in words */
    cairn_groups_taps taps;
} cairn_direct_phase;

typedef struct cairn_direct {
    cairn_groups g; /* its rows and bands are those of a phase */
    cairn_direct_phase phase[CAIRN_DIRECT_STRIDE * CAIRN_DIRECT_STRIDE];
    int phases;
    int64_t step_h, step_w; /* of outputs of a phase */
    int64_t sequence;       /* words of a pixel whose products are summed in one sequence */
    const float *bias;
    cairn_activation_kind act;
} cairn_direct;

/* The rounding errors of a sum grow with the length of its sequences. */
static inline int64_t cairn_direct_sequence(const cairn_site *site)
{
    return site->exact ? 1 : CAIRN_GROUPS_WIDEST / 2;
}

CAIRN_INLINE cairn_direct cairn_direct_of(const cairn_site *site, const cairn_window *window, int64_t groups)
{
    const cairn_operand *x = &site->in[0], *y = &site->out[0];
    cairn_direct d = {.g = cairn_groups_of(window, groups, x, y, cairn_groups_unit_of(x->c / groups)),
                      .phases = 1,
                      .step_h = 1,
                      .step_w = 1,
                      .sequence = cairn_direct_sequence(site)};
    d.phase[0] = (cairn_direct_phase){.k_h = window->k_h,
                                      .k_w = window->k_w,
                                      .dilation_h = window->dilation_h,
                                      .dilation_w = window->dilation_w,
                                      .taps = cairn_groups_all_taps(&d.g)};
    return d;
}

/* One side of a phase: the outputs from `first` on see so many taps, from tap `tap` of the kernel on, in
 * reverse; the first of them `before` rows of dy before its own. */
typedef struct cairn_direct_side {
    int64_t first, tap, taps, before;
} cairn_direct_side;

static inline cairn_direct_side cairn_direct_side_of(int64_t first, int64_t k, int64_t stride,
                                                     int64_t dilation, int64_t pad)
{
    int64_t tap = (first + pad) % stride, taps = cairn_ceil_div(k - tap, stride);
    return (cairn_direct_side){first, tap, taps, (taps - 1) * dilation - (first + pad) / stride};
}

/* What all phases together see of dy: `before` rows before the first of theirs, and so many taps. */
typedef struct cairn_direct_reach {
    int64_t before, taps;
} cairn_direct_reach;

static inline cairn_direct_reach cairn_direct_reach_of(const cairn_direct_side *side, int64_t stride,
                                                       int64_t dilation)
{
    cairn_direct_reach r = {0};
    for (int64_t p = 0; p < stride; p++)
        r.before = cairn_max(r.before, side[p].before);
    for (int64_t p = 0; p < stride; p++)
        r.taps = cairn_max(r.taps, r.before - side[p].before + (side[p].taps - 1) * dilation + 1);
    return r;
}

/* Of the gradient of the input of a convolution with this window. */
CAIRN_INLINE cairn_direct cairn_direct_back(const cairn_site *site, const cairn_window *w, int64_t groups)
{
    const cairn_operand *dy = &site->in[0];
    cairn_operand dx = site->out[0]; /* of a phase */
    cairn_direct_side down[CAIRN_DIRECT_STRIDE], across[CAIRN_DIRECT_STRIDE];
    for (int64_t p = 0; p < w->stride_h; p++)
        down[p] = cairn_direct_side_of(p, w->k_h, w->stride_h, w->dilation_h, w->pad_top);
    for (int64_t p = 0; p < w->stride_w; p++)
        across[p] = cairn_direct_side_of(p, w->k_w, w->stride_w, w->dilation_w, w->pad_left);
    cairn_direct_reach high = cairn_direct_reach_of(down, w->stride_h, w->dilation_h),
                       wide = cairn_direct_reach_of(across, w->stride_w, w->dilation_w);
    dx.h = cairn_ceil_div(dx.h, w->stride_h);
    dx.w = cairn_ceil_div(dx.w, w->stride_w);
    cairn_window seen = {.k_h = (int32_t)high.taps, /* rows between taps included */
                         .k_w = (int32_t)wide.taps,
                         .stride_h = 1,
                         .stride_w = 1,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .pad_top = (int32_t)high.before,
                         .pad_left = (int32_t)wide.before};
    seen.pad_right = (int32_t)cairn_max(dx.w + wide.taps - 1 - wide.before - dy->w, 0);
    cairn_direct d = {.g = cairn_groups_of(&seen, groups, dy, &dx, cairn_groups_unit_of(dy->c / groups)),
                      .step_h = w->stride_h,
                      .step_w = w->stride_w,
                      .sequence = cairn_direct_sequence(site)};
    int64_t taps = 0;
    for (int64_t p = 0; p < w->stride_h * w->stride_w; p++) {
        const cairn_direct_side *v = &down[p / w->stride_w], *h = &across[p % w->stride_w];
        d.phase[d.phases++] = (cairn_direct_phase){.k_h = (int32_t)v->taps,
                                                   .k_w = (int32_t)h->taps,
                                                   .dilation_h = w->dilation_h,
                                                   .dilation_w = w->dilation_w,
                                                   .y = v->first,
                                                   .x = h->first,
                                                   .row = high.before - v->before,
                                                   .column = wide.before - h->before,
                                                   .weights = taps * d.g.spans * d.g.span * d.g.words,
                                                   .taps = {.first_h = v->tap + (v->taps - 1) * w->stride_h,
                                                            .step_h = -w->stride_h,
                                                            .first_w = h->tap + (h->taps - 1) * w->stride_w,
                                                            .step_w = -w->stride_w,
                                                            .kernel_w = w->k_w,
                                                            .back = true}};
        taps += v->taps * h->taps;
    }
    return d;
}

/* Whether it can be computed so: every output sees a tap. */
static inline bool cairn_direct_can_go_back(const cairn_window *w)
{
    return w->stride_h <= CAIRN_DIRECT_STRIDE && w->stride_w <= CAIRN_DIRECT_STRIDE &&
           w->k_h >= w->stride_h && w->k_w >= w->stride_w && (w->stride_h == 1 || w->dilation_h == 1) &&
           (w->stride_w == 1 || w->dilation_w == 1);
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

static inline int64_t cairn_direct_taps(const cairn_direct *d)
{
    int64_t taps = 0;
    for (int p = 0; p < d->phases; p++)
        taps += (int64_t)d->phase[p].k_h * d->phase[p].k_w;
    return taps;
}

static inline void cairn_direct_plan(cairn_site *site, const cairn_direct *d)
{
    const cairn_groups *g = &d->g;
    int64_t taps = cairn_direct_taps(d), pixels = g->rows * cairn_ceil_div(site->out[0].w, d->step_w);
    site->per_image = true;
    site->units = g->bands * g->spans;
    site->unit_flops = 2 * pixels * g->span * taps * g->width;
    site->scratch = cairn_groups_copy_bytes(g, g->rows);
    site->packed = (size_t)(g->spans * g->span * g->words * taps) * sizeof(float);
    site->pack_units = g->spans;
}

/* The layout with the window of a phase. */
CAIRN_INLINE cairn_direct cairn_direct_phase_of(const cairn_direct *d, int phase)
{
    cairn_direct p = *d;
    p.g.window.k_h = d->phase[phase].k_h;
    p.g.window.k_w = d->phase[phase].k_w;
    p.g.window.dilation_h = d->phase[phase].dilation_h;
    p.g.window.dilation_w = d->phase[phase].dilation_w;
    return p;
}

/* A unit is a span. */
CAIRN_INLINE void cairn_direct_pack(const cairn_work *work, const cairn_direct *d)
{
    for (int p = 0; p < d->phases; p++) {
        cairn_direct phase = cairn_direct_phase_of(d, p);
        float *packed = (float *)(void *)work->packed + d->phase[p].weights;
        for (int64_t span = work->begin; span < work->end; span++)
            cairn_groups_pack(&phase.g, cairn_params_of(&work->in[1]), span, packed, &d->phase[p].taps);
    }
}

/* The outputs of a phase in so many rows of it from `first` on: channels c ... of a vector. */
static inline void cairn_direct_rows(const cairn_work *work, const cairn_direct *phase,
                                     const cairn_direct_phase *at, const float *copy, real *image,
                                     int64_t first, int64_t rows, int64_t c)
{
    const cairn_groups *g = &phase->g;
    const cairn_operand *y = &work->out[0];
    const float *packed = (const float *)(const void *)work->packed + at->weights;
    vec sums[CAIRN_DIRECT_TILE];
    for (int64_t row = 0; row < rows; row++) {
        int64_t to = (first + row) * phase->step_h + at->y;
        if (to >= y->h)
            return;
        cairn_direct_place place = {.x = copy + (row * g->window.stride_h + at->row) * g->x_row +
                                         at->column * g->pixel,
                                    .w = cairn_groups_weights(g, packed, c),
                                    .y = image + to * cairn_row_stride(y) + at->x * y->pitch + c,
                                    .c = c,
                                    .y_pitch = phase->step_w * y->pitch,
                                    .mask = vec_first(y->c - c),
                                    .sums = sums};
        cairn_direct_any_row(phase, &place, cairn_ceil_div(y->w - at->x, phase->step_w));
    }
}

/* A unit is a span of a band of output rows of all phases. */
static inline void cairn_direct_run(const cairn_work *work, const cairn_direct *d, int64_t unit)
{
    const cairn_groups *g = &d->g;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    int64_t image = unit / (g->bands * g->spans), band = unit / g->spans % g->bands;
    int64_t begin = unit % g->spans * g->span, first = band * g->rows;
    int64_t rows = cairn_min(g->rows, cairn_ceil_div(y->h, d->step_h) - first);
    float *copy = (float *)(void *)work->scratch;
    real *to = cairn_image_of(y, image);
    if (rows <= 0)
        return;
    cairn_groups_copy(g, x, cairn_image_of(x, image), first, rows, begin, copy);
    for (int p = 0; p < d->phases; p++) {
        cairn_direct phase = cairn_direct_phase_of(d, p);
        for (int64_t c = begin; c < cairn_min(begin + g->span, y->c); c += CAIRN_LANES)
            cairn_direct_rows(work, &phase, &d->phase[p], copy, to, first, rows, c);
    }
    if (d->act != CAIRN_ACT_NONE && d->act != CAIRN_ACT_RELU)
        for (int64_t pixel = first * y->w; pixel < (first + rows) * y->w; pixel++)
            vec_activate_span(d->act, to + pixel * y->pitch + begin, to + pixel * y->pitch + begin,
                              cairn_min(g->span, y->c - begin));
}

#endif
