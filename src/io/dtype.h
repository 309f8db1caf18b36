/* Element types: sizes and conversion. */
#ifndef CAIRN_IO_DTYPE_H
#define CAIRN_IO_DTYPE_H

#include <cairn/weights.h>

/* Floating point, any width. */
bool cairn_dtype_is_real(cairn_dtype dtype);

/* Element `index` as a double, and back: rounded to nearest, ties to even; too large becomes infinite.
 * Storing is for real types only. */
double cairn_dtype_load(cairn_dtype dtype, const void *data, size_t index);
void cairn_dtype_store(cairn_dtype dtype, void *data, size_t index, double value);

/* `count` elements of one type to another, both real or the same. */
void cairn_dtype_convert(cairn_dtype to_dtype, void *to, cairn_dtype from_dtype, const void *from,
                         size_t count);

/* `count` integers of `width` bytes, at the end of the memory for as many of I64, become those: no source
 * lies before its place, so nothing is overwritten too early. False: one is out of range. */
bool cairn_dtype_widen(void *data, size_t width, bool is_signed, size_t count);

/* NaN and infinities among the elements; integers are never. */
size_t cairn_dtype_count_not_finite(cairn_dtype dtype, const void *data, size_t count);

#endif
