/* Inside of resampling: one axis, the passes over a picture in several instruction sets, and the resampling
 * of a part of a picture. */
#ifndef CAIRN_DATA_RESAMPLE_H
#define CAIRN_DATA_RESAMPLE_H

#include "data/picture.h"

#define CAIRN_RESAMPLE_BITS 22 /* of the coefficients' fraction */

/* The coefficients of two neighbouring inputs as words for products of 16 bits, the first in its lower half:
 * what they are in units of 2^CAIRN_RESAMPLE_LOW, and the rest. Those that are not there are 0, up to an even
 * number of pairs. */
#define CAIRN_RESAMPLE_LOW 11
typedef struct cairn_coefficient_pair {
    uint32_t high, low;
} cairn_coefficient_pair;

/* What one axis does: output i is the sum of count[i] inputs from first[i], times coefficients. */
typedef struct cairn_axis {
    int out, width; /* width: coefficients per output, some unused; a multiple of 4 */
    int *first, *count;
    int32_t *coefficient;
    cairn_coefficient_pair *pair; /* the same once more, width / 2 per output */
} cairn_axis;

/* The inputs that an axis looks at: *begin to below *end. */
void cairn_axis_reach(const cairn_axis *a, int *begin, int *end);

/* Columns: `row` bytes of each of the rows that lie `pitch` apart, into a->out rows of `row` bytes. */
typedef void cairn_pass_columns(const cairn_axis *a, const uint8_t *from, size_t pitch, size_t row,
                                uint8_t *to);
/* Rows, of c bytes a pixel, into `to`, a->out pixels a row. */
#define CAIRN_TURNED_ROWS 16
#define CAIRN_TURNED_PITCH                                                                                   \
    64 /* bytes of scratch for each input that the axis reaches, and for each output                         \
        */
typedef void cairn_pass_rows(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, int c,
                             uint8_t *scratch, uint8_t *to);

#define CAIRN_RESAMPLE_LEVEL(level)                                                                          \
    cairn_pass_rows cairn_pass_rows_##level;                                                                 \
    cairn_pass_columns cairn_pass_columns_##level;
CAIRN_RESAMPLE_LEVEL(scalar)
CAIRN_RESAMPLE_LEVEL(base)
CAIRN_RESAMPLE_LEVEL(avx2)
CAIRN_RESAMPLE_LEVEL(avx512)

/* One axis of a resampling: `length` pixels from `start` become `to`, of which `count` from `first` on are
 * wanted. What lies outside of the length has no part in it. */
typedef struct cairn_span {
    double start, length;
    int to, first, count;
    bool mirrored; /* the last of the wanted ones comes first */
} cairn_span;

/* The pixels of the source that an axis needs: *first to below *last, of `size` there are. */
void cairn_span_needs(const cairn_span *span, cairn_filter filter, int size, int *first, int *last);

/* Part of a picture, resampled; as cairn_picture_resize where the spans are whole. */
cairn_status cairn_picture_resample(cairn_ctx *ctx, const cairn_picture *from, const cairn_span *rows,
                                    const cairn_span *columns, cairn_filter filter, cairn_pass_order order,
                                    cairn_picture *to);

#endif
