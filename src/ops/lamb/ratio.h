/* How much of a step LAMB takes. */
#ifndef CAIRN_OPS_LAMB_RATIO_H
#define CAIRN_OPS_LAMB_RATIO_H

#include "ops/update.h"
#include <math.h>

static inline double cairn_lamb_ratio(const cairn_adam_attrs *attrs, double w_squares, double u_squares)
{
    return attrs->weight_decay > 0 && w_squares > 0 && u_squares > 0 ? sqrt(w_squares) / sqrt(u_squares)
                                                                     : 1.0;
}

#endif
