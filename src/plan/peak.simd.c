/* The loop whose speed is called the peak. Twelve independent chains hide the latency of two multiply-add
 * units. */
#include "plan/peak.h"
#include "ops/op.h"

#if defined(CAIRN_SIMD_AVX512)
#define LOOP cairn_peak_loop_avx512
#elif defined(CAIRN_SIMD_AVX2)
#define LOOP cairn_peak_loop_avx2
#else
#define LOOP cairn_peak_loop_base
#endif

typedef float vector __attribute__((vector_size(CAIRN_VECTOR_BYTES)));
enum { LANES = CAIRN_VECTOR_BYTES / sizeof(float) };

float LOOP(int64_t rounds, float factor, float summand)
{
    vector chain[CAIRN_PEAK_CHAINS], a = (vector){0} + factor, b = (vector){0} + summand, sum = {0};
    for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
        chain[i] = (vector){0} + (float)i;
    for (int64_t round = 0; round < rounds; round++)
#pragma GCC unroll 12
        for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
            chain[i] = chain[i] * a + b;
    for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
        sum += chain[i];
    float total = 0;
    for (int i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}
