/* Turns an operator's kernels.def into its list of kernels. Include after defining CAIRN_KERNELS_DEF as the
 * quoted path; the list is `static const cairn_kernel *const kernels[]`. */
#include "ops/op.h"

#if defined(__x86_64__)
#define KERNEL_SIMD(name)                                                                                    \
    extern const cairn_kernel cairn_kernel_##name##_avx512, cairn_kernel_##name##_avx2,                      \
        cairn_kernel_##name##_base;
#define KERNEL_BF16(name)                                                                                    \
    extern const cairn_kernel cairn_kernel_##name##_bf16_avx512bf16, cairn_kernel_##name##_bf16_avx512,      \
        cairn_kernel_##name##_bf16_avx2, cairn_kernel_##name##_bf16_base;
#else
#define KERNEL_SIMD(name) extern const cairn_kernel cairn_kernel_##name##_base;
#define KERNEL_BF16(name) extern const cairn_kernel cairn_kernel_##name##_bf16_base;
#endif
#define KERNEL_REAL(name)                                                                                    \
    KERNEL_SIMD(name)                                                                                        \
    KERNEL_BF16(name)
#define KERNEL_REF(name) extern const cairn_kernel cairn_kernel_##name##_f32, cairn_kernel_##name##_f64;
#include CAIRN_KERNELS_DEF
#undef KERNEL_SIMD
#undef KERNEL_BF16
#undef KERNEL_REF

#if defined(__x86_64__)
#define KERNEL_SIMD(name)                                                                                    \
    &cairn_kernel_##name##_avx512, &cairn_kernel_##name##_avx2, &cairn_kernel_##name##_base,
#define KERNEL_BF16(name)                                                                                    \
    &cairn_kernel_##name##_bf16_avx512bf16, &cairn_kernel_##name##_bf16_avx512,                              \
        &cairn_kernel_##name##_bf16_avx2, &cairn_kernel_##name##_bf16_base,
#else
#define KERNEL_SIMD(name) &cairn_kernel_##name##_base,
#define KERNEL_BF16(name) &cairn_kernel_##name##_bf16_base,
#endif
#define KERNEL_REF(name) &cairn_kernel_##name##_f32, &cairn_kernel_##name##_f64,
static const cairn_kernel *const kernels[] = {
#include CAIRN_KERNELS_DEF
    NULL};
#undef KERNEL_SIMD
#undef KERNEL_BF16
#undef KERNEL_REAL
#undef KERNEL_REF
