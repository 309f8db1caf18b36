/* Loops over 16-bit floats without branches, which the compiler turns into vectors. */
#include "io/half.h"
#include <string.h>

#if defined(CAIRN_SIMD_AVX512)
#define LEVEL(name) name##_avx512
#elif defined(CAIRN_SIMD_AVX2)
#define LEVEL(name) name##_avx2
#else
#define LEVEL(name) name##_base
#endif

/* The exponent is moved to its place and its bias from 15 to 127; all ones stay all ones. Subnormal numbers
 * are whole multiples of 2^-24. */
void LEVEL(cairn_f16_to_f32)(const uint16_t *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t half = from[i], magnitude = half & 0x7FFF, bits, small;
        float subnormal = (float)(int32_t)magnitude * 0x1p-24f;
        memcpy(&small, &subnormal, sizeof small);
        bits = (magnitude << 13) + (magnitude >= 0x7C00 ? 224u << 23 : 112u << 23);
        bits = (magnitude < 0x0400 ? small : bits) | (half & 0x8000) << 16;
        memcpy(&to[i], &bits, sizeof bits);
    }
}

/* The upper half of a single. */
void LEVEL(cairn_bf16_to_f32)(const uint16_t *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(&to[i], &bits, sizeof bits);
    }
}
