/* Elementary functions whose bits do not depend on the system's libm, for numbers that enter weights.
 * Accurate to a few units in the last place of a double. */
#ifndef CAIRN_REAL_H
#define CAIRN_REAL_H

/* Natural logarithm of a positive, finite, normal x. */
double cairn_real_log(double x);

/* e^x for |x| <= 700. */
double cairn_real_exp(double x);

/* sin and cos of 2 pi * turns, for |turns| <= 2^20. */
void cairn_real_sincos(double turns, double *sine, double *cosine);

#endif
