/* Winograd's minimal filtering F(m x m, 3 x 3), after Lavin and Gray 2015 (arXiv 1509.09308): a tile of m x m
 * outputs of a 3 x 3 convolution comes from t x t = (m + 2)^2 products instead of 9 m^2:
 *
 *     Y = A' [ (G g G') * (B' d B) ] A        d: t x t inputs, g: kernel, *: element by element
 *
 * Summed over input channels, each of the t^2 products is a matrix product over (tiles, channels).
 *
 * The matrices follow from interpolation in the points 0, +-p_1 ... +-p_n and infinity, n = m / 2. With
 * P(y) = product of (y - p_k^2) and Q_k(y) = P(y) / (y - p_k^2), which have coefficients by rising powers:
 *
 *     B' row 0         P(x^2)                    G row 0        (1, 0, 0) / P(0)
 *     B' rows +-p_k    x (x +- p_k) Q_k(x^2)     G rows +-p_k   (1, +-p_k, p_k^2) / (2 p_k^2 Q_k(p_k^2))
 *     B' row infinity  x P(x^2)                  G row infinity (0, 0, 1)
 *     A' columns       (1, x, x^2 ...), and (0 ... 0, 1) for infinity
 *
 * Transforms are vectorised over channels. Everything here is compiled for one m at a time: functions take it
 * as a constant and are unrolled. */
#ifndef CAIRN_OPS_WINOGRAD_H
#define CAIRN_OPS_WINOGRAD_H

#include "ops/simd/wide.h"

enum { CAIRN_WINOGRAD_MOST = 8 }; /* t of the largest tile */

typedef struct cairn_winograd_points {
    float point[3], whole[4], others[3][3]; /* p_k, P, Q_k */
} cairn_winograd_points;

/* F(2, 3), F(4, 3) and F(6, 3). Of all points in eighths those of the larger two err least, over 256
 * channels: root mean square 1.1e-6 and 4.4e-6 of the result's, where 0, +-1, +-2 and +-1/2 give 2.1e-6
 * and 4.4e-6, direct sums 0.6e-6. */
#define SQUARE(x) ((x) * (x))
static const cairn_winograd_points cairn_winograd_points_2 = {
    .point = {1}, .whole = {-1, 1}, .others = {{1}}};
static const cairn_winograd_points cairn_winograd_points_4 = {
    .point = {0.75f, 1.5f},
    .whole = {SQUARE(0.75f) * SQUARE(1.5f), -(SQUARE(0.75f) + SQUARE(1.5f)), 1},
    .others = {{-SQUARE(1.5f), 1}, {-SQUARE(0.75f), 1}}};
#define A SQUARE(0.5f)
#define B 1.0f
#define C SQUARE(1.75f)
static const cairn_winograd_points cairn_winograd_points_6 = {
    .point = {0.5f, 1.0f, 1.75f},
    .whole = {-A * B * C, A *B + A *C + B *C, -(A + B + C), 1},
    .others = {{B * C, -(B + C), 1}, {A * C, -(A + C), 1}, {A * B, -(A + B), 1}}};
#undef A
#undef B
#undef C
#undef SQUARE

CAIRN_INLINE const cairn_winograd_points *cairn_winograd_points_of(const int m)
{
    return m == 2 ? &cairn_winograd_points_2 : m == 4 ? &cairn_winograd_points_4 : &cairn_winograd_points_6;
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
CAIRN_INLINE void cairn_winograd_input(const vec *in, vec *out, const int m)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(m);
    const int pairs = m / 2;
    out[0] = cairn_winograd_sum(w->whole, in, pairs + 1, 2);
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        vec even = cairn_winograd_sum(w->others[k], in + 2, pairs, 2);
        vec odd = w->point[k] * cairn_winograd_sum(w->others[k], in + 1, pairs, 2);
        out[2 * k + 1] = even + odd;
        out[2 * k + 2] = even - odd;
    }
    out[m + 1] = cairn_winograd_sum(w->whole, in + 1, pairs + 1, 2);
}

/* out = A' in, m vectors from t. */
CAIRN_INLINE void cairn_winograd_output(const vec *in, vec *out, const int m)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(m);
    const int pairs = m / 2;
    vec even[3], odd[3];
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        even[k] = in[2 * k + 1] + in[2 * k + 2];
        odd[k] = w->point[k] * (in[2 * k + 1] - in[2 * k + 2]);
    }
    CAIRN_UNROLL
    for (int j = 0; j < m; j += 2) {
        vec sums[2] = {even[0], odd[0]};
        CAIRN_UNROLL
        for (int k = 1; k < pairs; k++) {
            sums[0] += even[k];
            sums[1] += odd[k];
        }
        out[j] = j == 0 ? in[0] + sums[0] : sums[0];
        out[j + 1] = j == m - 2 ? in[m + 1] + sums[1] : sums[1];
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

/* out = G in, t from three; in double, since kernels are transformed once. */
CAIRN_INLINE void cairn_winograd_kernel(const wide *in, wide *out, const int m)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(m);
    const int pairs = m / 2;
    double first = 1.0 / (double)w->whole[0];
    out[0] = (wide){first * in[0].low, first * in[0].high};
    for (int k = 0; k < pairs; k++) {
        double p = (double)w->point[k], norm = cairn_winograd_norm(w, k, pairs);
        wide even = {norm * (in[0].low + p * p * in[2].low), norm * (in[0].high + p * p * in[2].high)};
        wide odd = {norm * p * in[1].low, norm * p * in[1].high};
        out[2 * k + 1] = wide_add(even, odd);
        out[2 * k + 2] = wide_subtract(even, odd);
    }
    out[m + 1] = in[2];
}

/* The products' weights of one input and CAIRN_LANES output channels, `plane` apart; tap (i, j) is
 * taps[j][i]. */
CAIRN_INLINE void cairn_winograd_weights(const wide taps[3][3], float *to, int64_t plane, const int m)
{
    wide columns[3][CAIRN_WINOGRAD_MOST], rows[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int j = 0; j < 3; j++)
        cairn_winograd_kernel(taps[j], columns[j], m);
    for (int i = 0; i < t; i++) {
        wide row[3] = {columns[0][i], columns[1][i], columns[2][i]};
        cairn_winograd_kernel(row, rows, m);
        for (int j = 0; j < t; j++)
            vec_store(to + (i * t + j) * plane, wide_round(rows[j]));
    }
}

/* ---- gradients ----
 * With dM = A dY A' the gradient of U is dM * (B' d B), summed over tiles, and that of the kernel
 * G' dU G. */

/* out = A in, t vectors from m. */
CAIRN_INLINE void cairn_winograd_output_gradient(const vec *in, vec *out, const int m)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(m);
    const int pairs = m / 2;
    out[0] = in[0];
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        const float square = w->point[k] * w->point[k];
        vec even = in[m - 2], odd = in[m - 1];
        CAIRN_UNROLL
        for (int j = m - 4; j >= 0; j -= 2) {
            even = in[j] + square * even;
            odd = in[j + 1] + square * odd;
        }
        odd *= w->point[k];
        out[2 * k + 1] = even + odd;
        out[2 * k + 2] = even - odd;
    }
    out[m + 1] = in[m - 1];
}

/* out = G' in, three from t. In floats: what comes in are sums over many tiles, whose rounding errors are
 * larger. */
CAIRN_INLINE void cairn_winograd_kernel_gradient(const vec *in, vec *out, const int m)
{
    const cairn_winograd_points *w = cairn_winograd_points_of(m);
    const int pairs = m / 2;
    out[0] = (float)(1.0 / (double)w->whole[0]) * in[0];
    out[1] = (vec){0};
    out[2] = in[m + 1];
    CAIRN_UNROLL
    for (int k = 0; k < pairs; k++) {
        double p = (double)w->point[k], norm = cairn_winograd_norm(w, k, pairs);
        vec even = in[2 * k + 1] + in[2 * k + 2], odd = in[2 * k + 1] - in[2 * k + 2];
        out[0] += (float)norm * even;
        out[1] += (float)(norm * p) * odd;
        out[2] += (float)(norm * p * p) * even;
    }
}

/* The gradients of the weights of one input and CAIRN_LANES output channels, taps `tap` apart, from the
 * products', `plane` apart. */
CAIRN_INLINE void cairn_winograd_weights_gradient(const float *from, int64_t plane, float *to, int64_t tap,
                                                  vec_mask mask, const int m)
{
    vec columns[CAIRN_WINOGRAD_MOST], out[3], rows[3][CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    CAIRN_UNROLL
    for (int j = 0; j < t; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            columns[i] = vec_load_part(from + (i * t + j) * plane, mask);
        cairn_winograd_kernel_gradient(columns, out, m);
        CAIRN_UNROLL
        for (int i = 0; i < 3; i++)
            rows[i][j] = out[i];
    }
    CAIRN_UNROLL
    for (int i = 0; i < 3; i++) {
        cairn_winograd_kernel_gradient(rows[i], out, m);
        CAIRN_UNROLL
        for (int j = 0; j < 3; j++)
            vec_store_part(to + (i * 3 + j) * tap, out[j], mask);
    }
}

#endif
