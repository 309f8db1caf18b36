/* The bracket of local response normalisation: k + alpha * sum of x^2 over the channels around c. */
#ifndef CAIRN_OPS_LRN_BRACKET_H
#define CAIRN_OPS_LRN_BRACKET_H

#include "ops/real.h"
#include <math.h>

/* Channels begin ... end-1 of the window around c. */
typedef struct cairn_lrn_window {
    int64_t begin, end;
} cairn_lrn_window;

static inline cairn_lrn_window cairn_lrn_around(const cairn_lrn_attrs *attrs, int64_t c, int64_t channels)
{
    int64_t half = attrs->size / 2;
    return (cairn_lrn_window){cairn_max(c - half, 0), cairn_min(c + half + 1, channels)};
}

static inline double cairn_lrn_bracket(const cairn_lrn_attrs *attrs, const real *x, int64_t c,
                                       int64_t channels)
{
    cairn_lrn_window w = cairn_lrn_around(attrs, c, channels);
    double sum = 0;
    for (int64_t j = w.begin; j < w.end; j++)
        sum += (double)x[j] * (double)x[j];
    return attrs->k + attrs->alpha * sum;
}

/* s^-beta; the power that everyone uses by roots, which are exact and much faster. */
static inline double cairn_lrn_power(double s, double beta)
{
    if (beta == 0.75) {
        double root = sqrt(s);
        return 1.0 / (root * sqrt(root));
    }
    return pow(s, -beta);
}

#endif
