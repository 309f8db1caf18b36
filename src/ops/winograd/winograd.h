/* Winograd's minimal filtering, after Lavin and Gray 2015 (arXiv 1509.09308). F(m x m, r x r): a tile of m x
 * m outputs of an r x r convolution comes from t x t products, t = m + r - 1, instead of r^2 m^2:
 *
 *     Y = A' [ (G g G') * (B' d B) ] A        d: t x t inputs, g: kernel, *: element by element
 *
 * F(m, r) in one dimension, for kernels of r x 1 and 1 x r: m outputs of a line from t products instead of r
 * m:
 *
 *     y = A' [ (G g) * (B' d) ]
 *
 * Summed over input channels, each of the products is a matrix product over (tiles, channels).
 *
 * The matrices follow from interpolation in the points 0, +-p_1 ... +-p_n and infinity, n = t / 2 - 1. With
 * P(y) = product of (y - p_k^2) and Q_k(y) = P(y) / (y - p_k^2), which have coefficients by rising powers:
 *
 *     B' row 0         P(x^2)                    G row 0        (1, 0 ... 0) / P(0)
 *     B' rows +-p_k    x (x +- p_k) Q_k(x^2)     G rows +-p_k   (1, +-p_k, p_k^2 ...) / (2 p_k^2 Q_k(p_k^2))
 *     B' row infinity  x P(x^2)                  G row infinity (0 ... 0, 1)
 *     A' columns       (1, x, x^2 ...), and (0 ... 0, 1) for infinity
 *
 * Transforms are vectorised over channels. Everything here is compiled for one form at a time: functions take
 * it as a constant and are unrolled. */
#ifndef CAIRN_OPS_WINOGRAD_H
#define CAIRN_OPS_WINOGRAD_H

#include "ops/simd/wide.h"

/* m is even, r odd. */
typedef struct cairn_winograd_form {
    int m, r;  /* outputs of a side of a tile, taps of one of the kernel */
    bool line; /* in one dimension */
} cairn_winograd_form;

#define CAIRN_WINOGRAD_SQUARE(m, r) ((cairn_winograd_form){m, r, false})
#define CAIRN_WINOGRAD_LINE(m, r) ((cairn_winograd_form){m, r, true})

/* The most of all forms: t of a square and of a line, r, products and taps. */
enum {
    CAIRN_WINOGRAD_SIDE = 8,
    CAIRN_WINOGRAD_LINE_SIDE = 10,
    CAIRN_WINOGRAD_R = 7,
    CAIRN_WINOGRAD_PRODUCTS = CAIRN_WINOGRAD_SIDE * CAIRN_WINOGRAD_SIDE,
    CAIRN_WINOGRAD_TAPS = 25,
    CAIRN_WINOGRAD_PAIRS = CAIRN_WINOGRAD_LINE_SIDE / 2 - 1, /* of points */
};

/* Inputs of a side of a tile. */
static inline int cairn_winograd_side(const cairn_winograd_form f)
{
    return f.m + f.r - 1;
}

/* Of what has so many of a side. */
static inline int cairn_winograd_area(const cairn_winograd_form f, int side)
{
    return f.line ? side : side * side;
}

static inline int cairn_winograd_products(const cairn_winograd_form f)
{
    return cairn_winograd_area(f, cairn_winograd_side(f));
}

typedef struct cairn_winograd_points {
    float point[CAIRN_WINOGRAD_PAIRS], whole[CAIRN_WINOGRAD_PAIRS + 1]; /* p_k, P */
    float others[CAIRN_WINOGRAD_PAIRS][CAIRN_WINOGRAD_PAIRS];           /* Q_k */
} cairn_winograd_points;

/* By t. Of all points in eighths these err least. Over 256 channels F(4, 3) and F(6, 3) of two dimensions err
 * by 1.1e-6 and 4.4e-6 of the result's root mean square, where 0, +-1, +-2 and +-1/2 give 2.1e-6 and 4.4e-6,
 * direct sums 0.6e-6. Over 192 in one dimension F(4, 3) errs by 0.5e-6, F(4, 7) by 1.8e-6, direct sums by
 * 0.3e-6 and 0.5e-6. */
#define SQUARE(x) ((x) * (x))
static const cairn_winograd_points cairn_winograd_points_4 = {
    .point = {1}, .whole = {-1, 1}, .others = {{1}}};
static const cairn_winograd_points cairn_winograd_points_6 = {
    .point = {0.75f, 1.5f},
    .whole = {SQUARE(0.75f) * SQUARE(1.5f), -(SQUARE(0.75f) + SQUARE(1.5f)), 1},
    .others = {{-SQUARE(1.5f), 1}, {-SQUARE(0.75f), 1}}};
#define THREE(a, b, c)                                                                                       \
    {                                                                                                        \
        -(a) * (b) * (c), (a) * (b) + (a) * (c) + (b) * (c), -((a) + (b) + (c)), 1                           \
    }
#define TWO(a, b)                                                                                            \
    {                                                                                                        \
        (a) * (b), -((a) + (b)), 1                                                                           \
    }
#define A SQUARE(0.5f)
#define B 1.0f
#define C SQUARE(1.75f)
static const cairn_winograd_points cairn_winograd_points_8 = {
    .point = {0.5f, 1.0f, 1.75f}, .whole = THREE(A, B, C), .others = {TWO(B, C), TWO(A, C), TWO(A, B)}};
#undef A
#undef B
#undef C
#define A SQUARE(0.375f)
#define B SQUARE(0.875f)
#define C SQUARE(1.25f)
#define D SQUARE(2.375f)
static const cairn_winograd_points cairn_winograd_points_10 = {
    .point = {0.375f, 0.875f, 1.25f, 2.375f},
    .whole = {A * B * C * D, -(A *B *C + A * B * D + A * C * D + B * C * D),
              A *B + A *C + A *D + B *C + B *D + C *D, -(A + B + C + D), 1},
    .others = {THREE(B, C, D), THREE(A, C, D), THREE(A, B, D), THREE(A, B, C)}};
#undef A
#undef B
#undef C
#undef D
#undef TWO
#undef THREE
#undef SQUARE

CAIRN_INLINE const cairn_winograd_points *cairn_winograd_points_of(const cairn_winograd_form f)
{
    switch (cairn_winograd_side(f)) {
    case 4:
        return &cairn_winograd_points_4;
    case 6:
        return &cairn_winograd_points_6;
    case 8:
        return &cairn_winograd_points_8;
    default:
        return &cairn_winograd_points_10;
    }
}

/* sum over i of factor[i] * x[i * step], the last factor being 1. */
CAIRN_INLINE vec cairn_winograd_sum(const float *factor, const vec *x, const int count, const int step)
{
    vec sum = x[(count - 1) * step];
    CAIRN_UNROLL
    for (int i = 0; i < count - 1; i++)
        sum += factor[i] * x[i * step];
    return sum;
}

/* out = B' in, t vectors each. */
CAIRN_INLINE void cairn_winograd_input(const vec *in, vec *out, const cairn_winograd_form f)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(f);
    const int pairs = cairn_winograd_side(f) / 2 - 1;
    out[0] = cairn_winograd_sum(w->whole, in, pairs + 1, 2);
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        vec even = cairn_winograd_sum(w->others[k], in + 2, pairs, 2);
        vec odd = w->point[k] * cairn_winograd_sum(w->others[k], in + 1, pairs, 2);
        out[2 * k + 1] = even + odd;
        out[2 * k + 2] = even - odd;
    }
    out[2 * pairs + 1] = cairn_winograd_sum(w->whole, in + 1, pairs + 1, 2);
}

/* out = A' in, m vectors from t. */
CAIRN_INLINE void cairn_winograd_output(const vec *in, vec *out, const cairn_winograd_form f)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(f);
    const int pairs = cairn_winograd_side(f) / 2 - 1;
    vec even[CAIRN_WINOGRAD_PAIRS], odd[CAIRN_WINOGRAD_PAIRS];
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        even[k] = in[2 * k + 1] + in[2 * k + 2];
        odd[k] = w->point[k] * (in[2 * k + 1] - in[2 * k + 2]);
    }
    CAIRN_UNROLL
    for (int j = 0; j < f.m; j += 2) {
        vec sums[2] = {even[0], odd[0]};
        CAIRN_UNROLL
        for (int k = 1; k < pairs; k++) {
            sums[0] += even[k];
            sums[1] += odd[k];
        }
        out[j] = j == 0 ? in[0] + sums[0] : sums[0];
        out[j + 1] = j == f.m - 2 ? in[2 * pairs + 1] + sums[1] : sums[1];
        CAIRN_UNROLL
        for (int k = 0; k < pairs; k++) { /* to the next powers */
            even[k] *= w->point[k] * w->point[k];
            odd[k] *= w->point[k] * w->point[k];
        }
    }
}

/* 1 / (2 p_k^2 Q_k(p_k^2)) */
CAIRN_INLINE double cairn_winograd_norm(const cairn_winograd_points *w, int k, const int pairs)
{
    double square = (double)w->point[k] * (double)w->point[k], norm = 0;
    for (int i = pairs - 1; i >= 0; i--)
        norm = norm * square + (double)w->others[k][i];
    return 1.0 / (2 * square * norm);
}

/* sum over i of factor^i * x[2 i] */
CAIRN_INLINE wide cairn_winograd_powers(const wide *x, double factor, const int count)
{
    wide sum = x[2 * (count - 1)];
    for (int i = count - 2; i >= 0; i--)
        sum = (wide){x[2 * i].low + factor * sum.low, x[2 * i].high + factor * sum.high};
    return sum;
}

/* out = G in, t from r; in double, since kernels are transformed once. */
CAIRN_INLINE void cairn_winograd_kernel(const wide *in, wide *out, const cairn_winograd_form f)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(f);
    const int pairs = cairn_winograd_side(f) / 2 - 1;
    double first = 1.0 / (double)w->whole[0];
    out[0] = (wide){first * in[0].low, first * in[0].high};
    for (int k = 0; k < pairs; k++) {
        double p = (double)w->point[k], norm = cairn_winograd_norm(w, k, pairs), slope = norm * p;
        wide even = cairn_winograd_powers(in, p * p, f.r / 2 + 1),
             odd = cairn_winograd_powers(in + 1, p * p, f.r / 2);
        even = (wide){norm * even.low, norm * even.high};
        odd = (wide){slope * odd.low, slope * odd.high};
        out[2 * k + 1] = wide_add(even, odd);
        out[2 * k + 2] = wide_subtract(even, odd);
    }
    out[2 * pairs + 1] = in[f.r - 1];
}

/* The products' weights of one input and CAIRN_LANES output channels, `plane` apart, from the taps in the
 * window's order. */
CAIRN_INLINE void cairn_winograd_weights(const wide *taps, float *to, int64_t plane,
                                         const cairn_winograd_form f)
{
    wide column[CAIRN_WINOGRAD_R], rows[CAIRN_WINOGRAD_SIDE][CAIRN_WINOGRAD_R], out[CAIRN_WINOGRAD_LINE_SIDE];
    const int t = cairn_winograd_side(f);
    if (f.line) {
        cairn_winograd_kernel(taps, out, f);
        for (int j = 0; j < t; j++)
            vec_store(to + j * plane, wide_round(out[j]));
        return;
    }
    for (int j = 0; j < f.r; j++) {
        for (int i = 0; i < f.r; i++)
            column[i] = taps[i * f.r + j];
        cairn_winograd_kernel(column, out, f);
        for (int i = 0; i < t; i++)
            rows[i][j] = out[i];
    }
    for (int i = 0; i < t; i++) {
        cairn_winograd_kernel(rows[i], out, f);
        for (int j = 0; j < t; j++)
            vec_store(to + (i * t + j) * plane, wide_round(out[j]));
    }
}

/* ---- gradients ----
 * With dM = A dY A', in one dimension A dy, the gradient of U is dM * (B' d B), or dM * (B' d), summed over
 * tiles, and that of the kernel G' dU G or G' dU. */

/* out = A in, t vectors from m. */
CAIRN_INLINE void cairn_winograd_output_gradient(const vec *in, vec *out, const cairn_winograd_form f)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(f);
    const int pairs = cairn_winograd_side(f) / 2 - 1;
    out[0] = in[0];
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        const float square = w->point[k] * w->point[k];
        vec even = in[f.m - 2], odd = in[f.m - 1];
        CAIRN_UNROLL
        for (int j = f.m - 4; j >= 0; j -= 2) {
            even = in[j] + square * even;
            odd = in[j + 1] + square * odd;
        }
        odd *= w->point[k];
        out[2 * k + 1] = even + odd;
        out[2 * k + 2] = even - odd;
    }
    out[2 * pairs + 1] = in[f.m - 1];
}

/* out = G' in, r from t. In floats: what comes in are sums over many tiles, whose rounding errors are
 * larger. */
CAIRN_INLINE void cairn_winograd_kernel_gradient(const vec *in, vec *out, const cairn_winograd_form f)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(f);
    const int pairs = cairn_winograd_side(f) / 2 - 1;
    out[0] = (float)(1.0 / (double)w->whole[0]) * in[0];
    CAIRN_UNROLL
    for (int i = 1; i < f.r; i++)
        out[i] = i == f.r - 1 ? in[2 * pairs + 1] : (vec){0};
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        double power = cairn_winograd_norm(w, k, pairs);
        vec even = in[2 * k + 1] + in[2 * k + 2], odd = in[2 * k + 1] - in[2 * k + 2];
        CAIRN_UNROLL
        for (int i = 0; i < f.r; i++, power *= (double)w->point[k])
            out[i] += (float)power * (i % 2 == 0 ? even : odd);
    }
}

/* The gradients of the weights of one input and CAIRN_LANES output channels, taps `tap` apart, from the
 * products', `plane` apart. */
CAIRN_INLINE void cairn_winograd_weights_gradient(const float *from, int64_t plane, float *to, int64_t tap,
                                                  vec_mask mask, const cairn_winograd_form f)
{
    vec in[CAIRN_WINOGRAD_LINE_SIDE], out[CAIRN_WINOGRAD_R], rows[CAIRN_WINOGRAD_R][CAIRN_WINOGRAD_SIDE];
    const int t = cairn_winograd_side(f);
    if (f.line) {
        CAIRN_UNROLL
        for (int j = 0; j < t; j++)
            in[j] = vec_load_part(from + j * plane, mask);
        cairn_winograd_kernel_gradient(in, out, f);
        CAIRN_UNROLL
        for (int j = 0; j < f.r; j++)
            vec_store_part(to + j * tap, out[j], mask);
        return;
    }
    CAIRN_UNROLL
    for (int j = 0; j < t; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            in[i] = vec_load_part(from + (i * t + j) * plane, mask);
        cairn_winograd_kernel_gradient(in, out, f);
        CAIRN_UNROLL
        for (int i = 0; i < f.r; i++)
            rows[i][j] = out[i];
    }
    CAIRN_UNROLL
    for (int i = 0; i < f.r; i++) {
        cairn_winograd_kernel_gradient(rows[i], out, f);
        CAIRN_UNROLL
        for (int j = 0; j < f.r; j++)
            vec_store_part(to + (i * f.r + j) * tap, out[j], mask);
    }
}

#endif
