/* Convolutions with many narrow groups, as in ResNeXt. Vectors run over output channels. Channels are taken
 * in spans: a group, or, where groups are narrower than a vector, as many as fill one, side by side. To
 * multiply channel i of every group with its weights the vector of a pixel is then permuted, so that each
 * lane holds channel i of its own group:
 *
 *     y[pixel, lanes] += sum over taps, i of pick_i(x[pixel of tap, lanes]) * W[tap, i, lanes]
 *
 * A band of rows of one span, with its padding, is copied to where it stays in the first cache, in words:
 * floats, or, where the processor multiplies pairs of bfloat16, those of neighbouring channels. Groups have
 * as many outputs as inputs. */
#ifndef CAIRN_OPS_GROUPS_H
#define CAIRN_OPS_GROUPS_H

#include "ops/real.h"
#include "ops/simd/vector.h"

#if defined(CAIRN_SIMD_AVX512BF16)
#define CAIRN_GROUPS_PAIRS 1
#else
#define CAIRN_GROUPS_PAIRS 0
#endif

#define CAIRN_GROUPS_WIDEST 64        /* wider groups feed the matrix product well */
#define CAIRN_GROUPS_BAND_BYTES 32768 /* of a band's pixels */
#define CAIRN_GROUPS_LEAST_ROWS 4     /* of a band: fewer copy more than they compute */

typedef struct cairn_groups {
    cairn_window window;
    int64_t channels, width; /* of the picture, of a group */
    int64_t unit, words;     /* channels of a word, words of a group's pixel */
    ivec lanes;              /* the word at which the group of each lane begins */
    int64_t span, spans;     /* channels of a span, number of them */
    int64_t rows, bands;     /* output rows of a band, number of them */
    int64_t in_w;            /* padded */
    int64_t pixel;           /* words of a pixel of a band's copy */
    int64_t x_step, x_row;   /* words between its neighbouring windows, and between its rows */
} cairn_groups;

/* Channels that are multiplied at a time. */
static inline int64_t cairn_groups_unit_of(int64_t width)
{
    return CAIRN_GROUPS_PAIRS && width % 2 == 0 ? 2 : 1;
}

/* Whether groups fill spans. */
static inline bool cairn_groups_span(const cairn_conv2d_attrs *attrs, int64_t in_c, int64_t out_c)
{
    int64_t width = in_c / attrs->groups;
    return in_c == out_c && width <= CAIRN_GROUPS_WIDEST &&
           (width < CAIRN_LANES ? CAIRN_LANES % width == 0 : width % CAIRN_LANES == 0);
}

static inline bool cairn_groups_fit(const cairn_conv2d_attrs *attrs, int64_t in_c, int64_t out_c)
{
    return attrs->groups > 1 && cairn_groups_span(attrs, in_c, out_c);
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
                                          const cairn_operand *y, int64_t unit)
{
    cairn_groups g = {.window = *window,
                      .channels = x->c,
                      .width = x->c / groups,
                      .unit = unit,
                      .words = x->c / groups / unit,
                      .rows = 1,
                      .in_w = x->w + window->pad_left + window->pad_right};
    for (int64_t l = 0; l < CAIRN_LANES; l++)
        g.lanes[l] = (int32_t)(g.width < CAIRN_LANES ? l / g.width * g.width / g.unit : 0);
    g.span = cairn_max(g.width, CAIRN_LANES);
    g.spans = cairn_ceil_div(x->c, g.span);
    g.pixel = g.span / g.unit;
    g.x_step = window->stride_w * g.pixel;
    g.x_row = g.in_w * g.pixel;
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

/* What the compiler shall know of a tile. With stride 0, for any stride and dilation, taps are taken one by
 * one; else by threes, so that each pixel is picked once for all that see it. */
typedef struct cairn_groups_form {
    bool narrow, pairs;
    int stride;
} cairn_groups_form;

/* With lanes those of word i: each lane holds word i of its own group. */
CAIRN_INLINE vec cairn_groups_pick(const float *pixel, const cairn_groups_form form, ivec lanes, int64_t i)
{
    if (!form.narrow)
        return vec_set(pixel[i]);
#if defined(CAIRN_SIMD_AVX512)
    __m512 words = form.pairs ? _mm512_castps256_ps512(_mm256_loadu_ps(pixel)) : (__m512)vec_load(pixel);
    return (vec)_mm512_permutexvar_ps((__m512i)lanes, words);
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
    vec picked = {0};
    CAIRN_UNROLL
    for (int l = 0; l < CAIRN_LANES; l++)
        picked[l] = v[l / width * width + i];
    return picked;
#endif
}

/* Pixels are asked for so many before they are copied: each is a line of its own, which processors do not
 * foresee. */
#define CAIRN_GROUPS_AHEAD 8

/* A vector's channels of all pixels of a row. */
CAIRN_INLINE void cairn_groups_copy_pixels(const cairn_groups *g, const cairn_operand *x, const real *from,
                                           vec_mask mask, float *to)
{
    for (int64_t pixel = 0; pixel < x->w; pixel++, from += x->pitch, to += g->pixel) {
        __builtin_prefetch(from + CAIRN_GROUPS_AHEAD * x->pitch);
#if defined(CAIRN_SIMD_AVX512BF16)
        if (g->unit == 2) {
            _mm256_storeu_epi16(to, _mm256_maskz_loadu_epi16(mask, from));
            continue;
        }
#endif
        vec_store(to, vec_load_part(from, mask));
    }
}

/* Copies what the output rows from `first` on look at, of the span that begins at channel c. */
CAIRN_INLINE void cairn_groups_copy(const cairn_groups *g, const cairn_operand *x, const real *image,
                                    int64_t first, int64_t rows, int64_t c, float *to)
{
    const cairn_window *w = &g->window;
    int64_t top = first * w->stride_h - w->pad_top, left = w->pad_left * g->pixel;
    int64_t right = w->pad_right * g->pixel;
    for (int64_t row = top; row < top + cairn_groups_rows_seen(w, rows); row++, to += g->x_row) {
        if (row < 0 || row >= x->h) {
            memset(to, 0, (size_t)g->x_row * sizeof *to);
            continue;
        }
        memset(to, 0, (size_t)left * sizeof *to);
        memset(to + g->x_row - right, 0, (size_t)right * sizeof *to);
        const real *from = image + row * cairn_row_stride(x) + c;
        for (int64_t v = 0; v < g->span; v += CAIRN_LANES)
            cairn_groups_copy_pixels(g, x, from + v, vec_first(x->c - c - v), to + left + v / g->unit);
    }
}

/* ---- weights: [span][vector of it][word i][k_h][k_w][lane], in words ---- */

CAIRN_INLINE const float *cairn_groups_weights(const cairn_groups *g, const float *packed, int64_t c)
{
    return packed + c * g->words * g->window.k_h * g->window.k_w;
}

/* Where W(0, 0, o) of a vector's channels o lies on the way back, and how many channels there are. */
typedef struct cairn_groups_vector {
    int64_t at[CAIRN_LANES], c, count;
} cairn_groups_vector;

static inline cairn_groups_vector cairn_groups_vector_of(const cairn_groups *g, int64_t c)
{
    cairn_groups_vector v = {.c = c, .count = cairn_max(cairn_min(g->channels - c, CAIRN_LANES), 0)};
    for (int64_t l = 0; l < v.count; l++)
        v.at[l] = (c + l) % g->width * g->channels + (c + l) / g->width * g->width;
    return v;
}

/* W(tap, i, o) is `w[(tap * width + i) * channels + o]`; on the way back, for the gradient of the input, i
 * and o change places within a group. */
CAIRN_INLINE vec cairn_groups_weights_of(const cairn_groups *g, const float *w, int64_t tap, int64_t i,
                                         const cairn_groups_vector *v, const bool back)
{
    w += tap * g->width * g->channels;
    if (!back)
        return vec_load_part(w + i * g->channels + v->c, vec_first(v->count));
    vec weights = {0};
    for (int64_t l = 0; l < v->count; l++)
        weights[l] = w[v->at[l] + i];
    return weights;
}

/* Which taps of a kernel the window of a layout has: every step_h-th row from first_h on, columns likewise.
 */
typedef struct cairn_groups_taps {
    int64_t first_h, step_h, first_w, step_w, kernel_w;
    bool back;
} cairn_groups_taps;

static inline cairn_groups_taps cairn_groups_all_taps(const cairn_groups *g)
{
    return (cairn_groups_taps){.step_h = 1, .step_w = 1, .kernel_w = g->window.k_w};
}

/* Those of a span. */
CAIRN_INLINE void cairn_groups_pack(const cairn_groups *g, const float *w, int64_t span, float *packed,
                                    const cairn_groups_taps *t)
{
    int64_t k_w = g->window.k_w, taps = k_w * g->window.k_h;
    packed += span * g->span * g->words * taps;
    for (int64_t c = span * g->span; c < (span + 1) * g->span; c += CAIRN_LANES) {
        cairn_groups_vector v = cairn_groups_vector_of(g, c);
        for (int64_t i = 0; i < g->width; i += g->unit)
            for (int64_t k = 0; k < taps; k++, packed += CAIRN_LANES) {
                int64_t tap =
                    (t->first_h + k / k_w * t->step_h) * t->kernel_w + t->first_w + k % k_w * t->step_w;
                vec word = cairn_groups_weights_of(g, w, tap, i, &v, t->back);
#if defined(CAIRN_SIMD_AVX512BF16)
                if (g->unit == 2)
                    word = vec_pair_bf16(word, cairn_groups_weights_of(g, w, tap, i + 1, &v, t->back));
#endif
                vec_store(packed, word);
            }
    }
}

#endif
