/* The passes of a resampling for each instruction set. */
#if defined(CAIRN_SIMD_AVX512)
#define RESAMPLE(name) name##_avx512
#elif defined(CAIRN_SIMD_AVX2)
#define RESAMPLE(name) name##_avx2
#else
#define RESAMPLE(name) name##_base
#endif
#include "data/resample_passes.h"
