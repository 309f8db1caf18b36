/* Exponential, tanh and sigmoid of vectors, within a few units in the last place, the same on every machine
 * of a level. */
#ifndef CAIRN_OPS_SIMD_FUNCTIONS_H
#define CAIRN_OPS_SIMD_FUNCTIONS_H

#include "ops/activate.h"
#include "ops/real.h"
#include "ops/simd/vector.h"

/* x = n ln 2 + r with |r| <= ln 2 / 2. Gives 2^n and e^r - 1; the latter keeps its digits near zero, which
 * tanh needs. Limits: |x| <= 87. */
CAIRN_INLINE vec vec_split_exp(vec x, vec *power)
{
    const float round = 0x1.8p23f; /* adding it leaves an integer in the low bits */
    vec shifted = x * 0x1.715476p+0f + round;
    vec n = shifted - round;
    vec r = x - n * 0x1.62e4p-1f; /* the first digits of ln 2, so that the product is exact */
    r -= n * 0x1.7f7d1cp-20f;     /* the others */
    vec square = r * r;           /* pairs of terms do not wait for each other */
    vec low = 1.0f / 6.0f * r + 0.5f, middle = 1.0f / 120.0f * r + 1.0f / 24.0f;
    vec high = 1.0f / 5040.0f * r + 1.0f / 720.0f;
    vec q = (high * square + middle) * square + low;
    *power = vec_from_bits((vec_bits(shifted) - vec_bits(vec_set(round)) + 127) << 23);
    return q * square + r;
}

CAIRN_INLINE vec vec_clamp(vec x, float limit)
{
    return vec_max(vec_set(-limit), vec_min(vec_set(limit), x));
}

/* (e^2x - 1) / (e^2x + 1); beyond 10 it is 1. */
CAIRN_INLINE vec vec_tanh(vec x)
{
    vec power, q = vec_split_exp(vec_clamp(x, 10.0f) * 2.0f, &power);
    vec below = q * power + (power - 1.0f), above = q * power + (power + 1.0f);
    return below / above;
}

CAIRN_INLINE vec vec_sigmoid(vec x)
{
    vec power, q = vec_split_exp(vec_clamp(-x, 87.0f), &power);
    return 1.0f / (q * power + (power + 1.0f));
}

CAIRN_INLINE vec vec_activate(cairn_activation_kind kind, vec x)
{
    switch (kind) {
    case CAIRN_ACT_NONE:
        break;
    case CAIRN_ACT_RELU:
        return vec_max((vec){0}, x);
    case CAIRN_ACT_TANH:
        return vec_tanh(x);
    case CAIRN_ACT_TANH1998:
        return vec_tanh(x * (float)CAIRN_TANH1998_S) * (float)CAIRN_TANH1998_A;
    case CAIRN_ACT_SIGMOID:
        return vec_sigmoid(x);
    }
    return x;
}

/* An activation over contiguous numbers, in place or not. */
CAIRN_INLINE void vec_activate_kind(cairn_activation_kind kind, real *out, const real *x, int64_t count)
{
    int64_t i = 0;
    for (; i + CAIRN_LANES <= count; i += CAIRN_LANES)
        vec_store(out + i, vec_activate(kind, vec_load(x + i)));
    if (i < count) {
        vec_mask part = vec_first(count - i);
        vec_store_part(out + i, vec_activate(kind, vec_load_part(x + i, part)), part);
    }
}

static inline void vec_activate_span(cairn_activation_kind kind, real *out, const real *x, int64_t count)
{
    switch (kind) {
    case CAIRN_ACT_NONE:
        vec_activate_kind(CAIRN_ACT_NONE, out, x, count);
        break;
    case CAIRN_ACT_RELU:
        vec_activate_kind(CAIRN_ACT_RELU, out, x, count);
        break;
    case CAIRN_ACT_TANH:
        vec_activate_kind(CAIRN_ACT_TANH, out, x, count);
        break;
    case CAIRN_ACT_TANH1998:
        vec_activate_kind(CAIRN_ACT_TANH1998, out, x, count);
        break;
    case CAIRN_ACT_SIGMOID:
        vec_activate_kind(CAIRN_ACT_SIGMOID, out, x, count);
        break;
    }
}

#endif
