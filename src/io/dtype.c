/* Element types of tensors: sizes, names, and conversion, one by one through double or many at a time. */
#include "io/dtype.h"
#include "base/cpu.h"
#include "io/half.h"
#include <math.h>
#include <string.h>

size_t cairn_dtype_size(cairn_dtype dtype)
{
    switch (dtype) {
    case CAIRN_F64:
    case CAIRN_I64:
        return 8;
    case CAIRN_F32:
    case CAIRN_I32:
        return 4;
    case CAIRN_BF16:
    case CAIRN_F16:
        return 2;
    case CAIRN_U8:
        return 1;
    }
    return 0;
}

const char *cairn_dtype_name(cairn_dtype dtype)
{
    switch (dtype) {
    case CAIRN_F32:
        return "F32";
    case CAIRN_F64:
        return "F64";
    case CAIRN_BF16:
        return "BF16";
    case CAIRN_F16:
        return "F16";
    case CAIRN_U8:
        return "U8";
    case CAIRN_I32:
        return "I32";
    case CAIRN_I64:
        return "I64";
    }
    return "?";
}

bool cairn_dtype_is_real(cairn_dtype dtype)
{
    return dtype == CAIRN_F32 || dtype == CAIRN_F64 || dtype == CAIRN_BF16 || dtype == CAIRN_F16;
}

/* A 16-bit float: sign, exponent, `mantissa` bits of fraction. */
static double unpack16(uint16_t bits, int mantissa)
{
    int exponent_bits = 15 - mantissa, top = (1 << exponent_bits) - 1, bias = top / 2;
    int exponent = (bits >> mantissa) & top, fraction = bits & ((1 << mantissa) - 1);
    double sign = bits & 0x8000 ? -1.0 : 1.0;
    if (exponent == top)
        return fraction == 0 ? copysign(INFINITY, sign) : copysign(NAN, sign);
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - mantissa);
    return sign * ldexp(fraction + (1 << mantissa), exponent - bias - mantissa);
}

static uint16_t pack16(double value, int mantissa)
{
    int exponent_bits = 15 - mantissa, top = (1 << exponent_bits) - 1, bias = top / 2, exponent;
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    if (isnan(value))
        return (uint16_t)(sign | top << mantissa | 1 << (mantissa - 1));
    double magnitude = fabs(value);
    if (magnitude == 0)
        return sign;
    if (isinf(value))
        return (uint16_t)(sign | top << mantissa);
    frexp(magnitude, &exponent); /* magnitude = f * 2^exponent, f in [1/2, 1) */
    int unit = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
    /* in units of the last place, an exact scaling; nearbyint rounds ties to even */
    double steps = nearbyint(ldexp(magnitude, mantissa - unit));
    /* the hidden bit adds one to the exponent by itself, and so does a carry out of the fraction */
    double bits = steps + ldexp(unit + bias - 1, mantissa);
    double infinite = ldexp(top, mantissa);
    return (uint16_t)(sign | (bits >= infinite ? (int)infinite : (int)bits));
}

double cairn_dtype_load(cairn_dtype dtype, const void *data, size_t index)
{
    union {
        float f32;
        double f64;
        uint16_t u16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
    } element;
    size_t size = cairn_dtype_size(dtype);
    memcpy(&element, (const char *)data + index * size, size);
    switch (dtype) {
    case CAIRN_F32:
        return (double)element.f32;
    case CAIRN_F64:
        return element.f64;
    case CAIRN_BF16:
        return unpack16(element.u16, 7);
    case CAIRN_F16:
        return unpack16(element.u16, 10);
    case CAIRN_U8:
        return element.u8;
    case CAIRN_I32:
        return element.i32;
    case CAIRN_I64:
        return (double)element.i64;
    }
    return 0;
}

void cairn_dtype_store(cairn_dtype dtype, void *data, size_t index, double value)
{
    char *to = (char *)data + index * cairn_dtype_size(dtype);
    float f32 = (float)value;
    uint16_t u16 = dtype == CAIRN_F16 ? pack16(value, 10) : dtype == CAIRN_BF16 ? pack16(value, 7) : 0;
    if (dtype == CAIRN_F32)
        memcpy(to, &f32, sizeof f32);
    else if (dtype == CAIRN_F64)
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &u16, sizeof u16);
}

/* ---- many at a time ---- */

/* The best conversion to single precision on this processor; NULL: none but one by one. */
static cairn_half_to_f32 *half_conversion(cairn_dtype dtype)
{
    bool f16 = dtype == CAIRN_F16;
    if (!f16 && dtype != CAIRN_BF16)
        return NULL;
#if defined(__x86_64__)
    if (cairn_isa_level() >= CAIRN_ISA_AVX512)
        return f16 ? cairn_f16_to_f32_avx512 : cairn_bf16_to_f32_avx512;
    if (cairn_isa_level() >= CAIRN_ISA_AVX2)
        return f16 ? cairn_f16_to_f32_avx2 : cairn_bf16_to_f32_avx2;
    if (cairn_isa_level() < CAIRN_ISA_BASE)
        return NULL;
#endif
    return f16 ? cairn_f16_to_f32_base : cairn_bf16_to_f32_base;
}

void cairn_dtype_convert(cairn_dtype to_dtype, void *to, cairn_dtype from_dtype, const void *from,
                         size_t count)
{
    if (to_dtype == from_dtype) {
        memcpy(to, from, count * cairn_dtype_size(to_dtype));
        return;
    }
    cairn_half_to_f32 *widen = to_dtype == CAIRN_F32 ? half_conversion(from_dtype) : NULL;
    if (widen != NULL && (uintptr_t)from % sizeof(uint16_t) == 0) {
        widen(from, count, to);
        return;
    }
    for (size_t i = 0; i < count; i++)
        cairn_dtype_store(to_dtype, to, i, cairn_dtype_load(from_dtype, from, i));
}

bool cairn_dtype_widen(void *data, size_t width, bool is_signed, size_t count)
{
    uint8_t *all = data, *narrow = all + count * (sizeof(int64_t) - width);
    unsigned shift = 64 - 8 * (unsigned)width;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        memcpy(&value, narrow + i * width, width);
        if (is_signed)
            value = (uint64_t)((int64_t)(value << shift) >> shift);
        else if (value > INT64_MAX)
            return false;
        memcpy(all + i * sizeof value, &value, sizeof value);
    }
    return true;
}

/* All bits of the exponent are set. Loops that vectorise. */
size_t cairn_dtype_count_not_finite(cairn_dtype dtype, const void *data, size_t count)
{
    size_t found = 0;
    if (dtype == CAIRN_F32) {
        const uint32_t *bits = data;
        for (size_t i = 0; i < count; i++)
            found += (bits[i] & 0x7F800000u) == 0x7F800000u ? 1 : 0;
    } else if (dtype == CAIRN_F16 || dtype == CAIRN_BF16) {
        const uint16_t *bits = data;
        uint16_t mask = dtype == CAIRN_F16 ? 0x7C00 : 0x7F80;
        for (size_t i = 0; i < count; i++)
            found += (bits[i] & mask) == mask ? 1 : 0;
    } else if (dtype == CAIRN_F64) {
        const double *values = data;
        for (size_t i = 0; i < count; i++)
            found += isfinite(values[i]) ? 0 : 1;
    }
    return found;
}
