/* Activations of one number, and their derivatives in terms of the output: for reference kernels. */
#ifndef CAIRN_OPS_ACTIVATE_H
#define CAIRN_OPS_ACTIVATE_H

#include <cairn/graph.h>
#include <math.h>

#define CAIRN_TANH1998_A 1.7159
#define CAIRN_TANH1998_S (2.0 / 3.0)

static inline double cairn_activate(cairn_activation_kind kind, double x)
{
    switch (kind) {
    case CAIRN_ACT_NONE:
        break;
    case CAIRN_ACT_RELU:
        return x > 0 || isnan(x) ? x : 0.0;
    case CAIRN_ACT_TANH:
        return tanh(x);
    case CAIRN_ACT_TANH1998:
        return CAIRN_TANH1998_A * tanh(CAIRN_TANH1998_S * x);
    case CAIRN_ACT_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    }
    return x;
}

static inline double cairn_activation_slope(cairn_activation_kind kind, double y)
{
    switch (kind) {
    case CAIRN_ACT_NONE:
        break;
    case CAIRN_ACT_RELU:
        return y > 0 ? 1.0 : 0.0;
    case CAIRN_ACT_TANH:
        return 1.0 - y * y;
    case CAIRN_ACT_TANH1998:
        return CAIRN_TANH1998_S * (CAIRN_TANH1998_A - y * y / CAIRN_TANH1998_A);
    case CAIRN_ACT_SIGMOID:
        return y * (1.0 - y);
    }
    return 1.0;
}

#endif
