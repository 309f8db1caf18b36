/* The loop whose speed is called the peak, and the one for the bandwidth of reading. The chains are
 * independent and as many as hide the latency of two multiply-add units; the sums of what is read need fewer.
 */
#include "plan/peak.h"
#include "ops/op.h"
#if defined(CAIRN_SIMD_AVX512BF16)
#include <immintrin.h>
#endif

typedef float vector __attribute__((vector_size(CAIRN_VECTOR_BYTES)));
enum { LANES = CAIRN_VECTOR_BYTES / sizeof(float) };

/* In bfloat16, with the instruction, two products at a time; without it the same as in floats. */
static inline vector multiply_add(vector chain, vector a, vector b)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    return (vector)_mm512_dpbf16_ps((__m512)chain, (__m512bh)a, (__m512bh)b);
#else
    return chain * a + b;
#endif
}

float CAIRN_SIMD(cairn_peak_loop)(int64_t rounds, float factor, float summand)
{
    vector chain[CAIRN_PEAK_CHAINS], a = (vector){0} + factor, b = (vector){0} + summand, sum = {0};
    for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
        chain[i] = (vector){0} + (float)i;
    for (int64_t round = 0; round < rounds; round++)
#pragma GCC unroll 24
        for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
            chain[i] = multiply_add(chain[i], a, b);
    for (int i = 0; i < CAIRN_PEAK_CHAINS; i++)
        sum += chain[i];
    float total = 0;
    for (int i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}

#if !defined(CAIRN_STORE_BF16)
typedef uint64_t integers __attribute__((vector_size(CAIRN_VECTOR_BYTES)));
enum { CHAINS = 8, INTEGERS = CAIRN_VECTOR_BYTES / sizeof(uint64_t) };

int64_t CAIRN_SIMD(cairn_read_loop)(const char *data, size_t bytes, int64_t passes)
{
    integers sum[CHAINS] = {0};
    for (int64_t pass = 0; pass < passes; pass++) {
        for (const char *step = data; step < data + bytes; step += CHAINS * CAIRN_VECTOR_BYTES)
#pragma GCC unroll 8
            for (int i = 0; i < CHAINS; i++)
                sum[i] += ((const integers *)(const void *)step)[i];
        __asm__ volatile("" ::: "memory"); /* the next pass has to read again */
    }
    uint64_t total = 0;
    for (int i = 0; i < CHAINS; i++)
        for (int k = 0; k < INTEGERS; k++)
            total += sum[i][k];
    return (int64_t)total;
}
#endif
