/* Conversion of 16-bit floats to single precision, exactly, many at a time. One for each kernel level. */
#ifndef CAIRN_IO_HALF_H
#define CAIRN_IO_HALF_H

#include <stddef.h>
#include <stdint.h>

typedef void cairn_half_to_f32(const uint16_t *from, size_t count, float *to);

#if defined(__x86_64__)
cairn_half_to_f32 cairn_f16_to_f32_avx512, cairn_f16_to_f32_avx2;
cairn_half_to_f32 cairn_bf16_to_f32_avx512, cairn_bf16_to_f32_avx2;
#endif
cairn_half_to_f32 cairn_f16_to_f32_base, cairn_bf16_to_f32_base;

#endif
