/* Logarithm, sine and cosine from basic arithmetic alone. */
#include "base/real.h"
#include <stdint.h>
#include <string.h>

#define LN2_HIGH 6.93147180369123816490e-01 /* the upper 33 bits of ln 2 */
#define LN2_LOW 1.90821492927058770002e-10
#define SQRT2 1.41421356237309504880
#define HALF_PI 1.57079632679489661923

/* ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)) with x = m 2^e, m within sqrt(1/2) ... sqrt(2). */
double cairn_real_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7FF) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > SQRT2) {
        m *= 0.5;
        exponent++;
    }
    double s = (m - 1.0) / (m + 1.0), square = s * s, sum = 0.0;
    for (int k = 23; k >= 3; k -= 2) /* |s| < 0.172: the next term is below 1e-19 */
        sum = (sum + 1.0 / (double)k) * square;
    return (double)exponent * LN2_HIGH + (2.0 * s + (2.0 * s * sum + (double)exponent * LN2_LOW));
}

void cairn_real_sincos(double turns, double *sine, double *cosine)
{
    double quarters = turns * 4.0;
    int64_t quadrant = (int64_t)(quarters + (quarters < 0 ? -0.5 : 0.5));
    double x = (quarters - (double)quadrant) * HALF_PI, square = x * x; /* |x| <= pi / 4 */
    double s = 0.0, c = 0.0;
    for (int k = 17; k >= 3; k -= 2)
        s = (s + 1.0) * (-square / (double)(k * (k - 1)));
    for (int k = 18; k >= 2; k -= 2)
        c = (c + 1.0) * (-square / (double)(k * (k - 1)));
    s = x + x * s;
    c = 1.0 + c;
    const double table[4][2] = {{s, c}, {c, -s}, {-s, -c}, {-c, s}};
    *sine = table[quadrant & 3][0];
    *cosine = table[quadrant & 3][1];
}

#define EXP_TERMS 14

/* x = n ln 2 + r with |r| <= ln 2 / 2; Taylor's series for e^r from its small end, times 2^n. */
double cairn_real_exp(double x)
{
    int64_t n = (int64_t)(x / (LN2_HIGH + LN2_LOW) + (x < 0 ? -0.5 : 0.5));
    double r = (x - (double)n * LN2_HIGH) - (double)n * LN2_LOW, sum = 1.0, power;
    for (int k = EXP_TERMS; k > 0; k--)
        sum = 1.0 + r * sum / k;
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}
