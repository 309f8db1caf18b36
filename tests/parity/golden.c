/* The golden formula: names, seeds and indices to numbers. */
#include "parity/golden.h"
#include <math.h>

static uint64_t mix(uint64_t z)
{
    z ^= z >> 30;
    z *= 0xBF58476D1CE4E5B9u;
    z ^= z >> 27;
    z *= 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t golden_hash(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * 0x100000001B3u;
    return h;
}

double golden_unit(uint64_t hash, uint64_t seed, uint64_t index)
{
    uint64_t z = mix(hash + seed * 0x9E3779B97F4A7C15u + (index + 1) * 0xD1342543DE82EF95u);
    return (double)(z >> 40) * 0x1p-23 - 1.0;
}

uint64_t golden_sample(uint64_t k, uint64_t elements)
{
    return mix(k + 1) % elements;
}

bool golden_parameter(const char *name, const char *kind, double fan_in, uint64_t seed, uint64_t elements,
                      float *values)
{
    float a, s;
    switch (kind[0]) {
    case 'w':
        a = 0, s = (float)sqrt(6.0 / fan_in);
        break;
    case 'd':
        a = 0, s = (float)(0.25 * sqrt(6.0 / fan_in));
        break;
    case 'b':
        a = 0, s = 0.1f;
        break;
    case 'g':
        a = 1, s = 0.1f;
        break;
    case 'r':
        a = 0.25f, s = 0.025f;
        break;
    case 'v':
        a = 1, s = 0.25f;
        break;
    case 'u':
        a = 0, s = 1;
        break;
    default:
        return false;
    }
    uint64_t hash = golden_hash(name);
    for (uint64_t i = 0; i < elements; i++)
        values[i] = (float)((double)a + (double)s * golden_unit(hash, seed, i));
    return true;
}
