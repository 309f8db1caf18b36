/* Distributions over the counter's words, from functions of our own where the system's would differ. */
#include "data/augment/draws.h"
#include "base/real.h"
#include <math.h>

cairn_draws cairn_draws_at(uint64_t seed, cairn_stream stream, cairn_draw_op op, int64_t sample,
                           uint32_t epoch)
{
    return (cairn_draws){.rng = cairn_rng_at(seed, stream, (unsigned)op, 0, (uint64_t)sample, epoch),
                         .used = 4};
}

uint32_t cairn_draw_word(cairn_draws *draws)
{
    if (draws->used == 4) {
        cairn_rng_block(&draws->rng, draws->block++, draws->words);
        draws->used = 0;
    }
    return draws->words[draws->used++];
}

double cairn_draw_unit(cairn_draws *draws)
{
    return (double)cairn_rng_unit(cairn_draw_word(draws));
}

double cairn_draw_between(cairn_draws *draws, double low, double high)
{
    return low + (high - low) * cairn_draw_unit(draws);
}

/* D. Lemire, "Fast random integer generation in an interval", 2019: the high half of a product, drawn again
 * where the low half falls into the part that would favour some. */
uint32_t cairn_draw_below(cairn_draws *draws, uint32_t count)
{
    uint64_t product = (uint64_t)cairn_draw_word(draws) * count;
    uint32_t favoured = (uint32_t)(-count) % count;
    while ((uint32_t)product < favoured)
        product = (uint64_t)cairn_draw_word(draws) * count;
    return (uint32_t)(product >> 32);
}

bool cairn_draw_chance(cairn_draws *draws, double probability)
{
    return cairn_draw_unit(draws) < probability;
}

/* Box and Muller 1958, the cosine half. */
double cairn_draw_normal(cairn_draws *draws)
{
    double radius = sqrt(-2.0 * cairn_real_log(1.0 - cairn_draw_unit(draws))), sine, cosine;
    cairn_real_sincos(cairn_draw_unit(draws), &sine, &cosine);
    return radius * cosine;
}

/* A number in (0, 1): its logarithm is taken. */
static double open_unit(cairn_draws *draws)
{
    return 1.0 - cairn_draw_unit(draws);
}

/* Logarithm of Gamma(alpha, 1): G. Marsaglia and W. Tsang, "A simple method for generating gamma variables",
 * 2000; below 1 that of alpha + 1 times U^(1 / alpha). The logarithm, because small alphas underflow. */
static double log_gamma_draw(cairn_draws *draws, double alpha)
{
    if (alpha < 1) {
        double larger = log_gamma_draw(draws, alpha + 1);
        return larger + cairn_real_log(open_unit(draws)) / alpha;
    }
    double d = alpha - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = cairn_draw_normal(draws), t = 1.0 + c * x, v = t * t * t;
        if (t > 0 && cairn_real_log(open_unit(draws)) < 0.5 * x * x + d - d * v + d * cairn_real_log(v))
            return cairn_real_log(d) + cairn_real_log(v);
    }
}

double cairn_draw_beta(cairn_draws *draws, double alpha)
{
    double a = log_gamma_draw(draws, alpha), b = log_gamma_draw(draws, alpha);
    double difference = b - a; /* beta = 1 / (1 + e^(b - a)) */
    if (difference > 700 || difference < -700)
        return difference > 0 ? 0.0 : 1.0;
    return 1.0 / (1.0 + cairn_real_exp(difference));
}
