/* The windows of an adaptive pool along one axis. */
#ifndef CAIRN_OPS_ADAPTIVE_SPAN_H
#define CAIRN_OPS_ADAPTIVE_SPAN_H

#include "ops/operand.h"

typedef struct cairn_span_1d {
    int64_t begin, end;
} cairn_span_1d;

/* Window i of `out` over `in` pixels: floor(i * in / out) to ceil((i + 1) * in / out). */
static inline cairn_span_1d cairn_adaptive_span(int64_t i, int64_t in, int64_t out)
{
    return (cairn_span_1d){i * in / out, cairn_ceil_div((i + 1) * in, out)};
}

#endif
