/* How much of a moving average stays. */
#ifndef CAIRN_OPS_AVERAGE_DECAY_H
#define CAIRN_OPS_AVERAGE_DECAY_H

#include "ops/elementwise.h"

static inline double cairn_average_decay(const cairn_work *work)
{
    const cairn_average_attrs *attrs = work->attrs;
    double t = (double)work->run->step, early = (1.0 + t) / (10.0 + t);
    return t == 0 ? 0.0 : early < attrs->decay ? early : attrs->decay;
}

#endif
