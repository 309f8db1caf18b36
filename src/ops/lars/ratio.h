/* How much of a step LARS takes. */
#ifndef CAIRN_OPS_LARS_RATIO_H
#define CAIRN_OPS_LARS_RATIO_H

#include "ops/update.h"
#include <math.h>

#define CAIRN_LARS_EPS 1e-8

static inline double cairn_lars_ratio(const cairn_lars_attrs *attrs, double w_squares, double g_squares)
{
    double w = sqrt(w_squares), g = sqrt(g_squares), decay = attrs->weight_decay;
    return decay > 0 && w > 0 && g > 0 ? attrs->trust * w / (g + decay * w + CAIRN_LARS_EPS) : 1.0;
}

#endif
