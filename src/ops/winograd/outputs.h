/* From the products of a tile to its outputs, see winograd.h, with bias, addend and activation. */
#ifndef CAIRN_OPS_WINOGRAD_OUTPUTS_H
#define CAIRN_OPS_WINOGRAD_OUTPUTS_H

#include "ops/attrs.h"
#include "ops/simd/functions.h"
#include "ops/winograd/tiles.h"
#include <math.h>

/* Where a convolution finds what stands around its products. */
typedef struct cairn_winograd_use {
    int64_t pad_top, pad_left;
    cairn_activation_kind act;
    int bias, addend; /* inputs; bias 0: there is none. Those that are not given are left out */
} cairn_winograd_use;

/* What stands behind the sums: y = max(floor, sum + bias + addend). */
typedef struct cairn_winograd_behind {
    const float *bias;  /* NULL: none */
    const real *addend; /* likewise */
    int64_t addend_row, addend_pitch;
    vec floor;
} cairn_winograd_behind;

CAIRN_INLINE void cairn_winograd_output_vector(const float *from, int64_t plane,
                                               const cairn_winograd_behind *b, vec_mask mask, real *to,
                                               const cairn_operand *y, const int rows, const int columns,
                                               const int m)
{
    vec half[CAIRN_WINOGRAD_MOST][CAIRN_WINOGRAD_MOST], in[CAIRN_WINOGRAD_MOST], out[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int j = 0; j < t; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            in[i] = vec_load(from + (i * t + j) * plane);
        cairn_winograd_output(in, out, m);
        CAIRN_UNROLL
        for (int i = 0; i < m; i++)
            half[i][j] = out[i];
    }
    vec bias = b->bias != NULL ? vec_load_part(b->bias, mask) : (vec){0};
    for (int i = 0; i < rows; i++) {
        cairn_winograd_output(half[i], out, m);
        CAIRN_UNROLL
        for (int j = 0; j < m; j++) {
            if (j >= columns)
                break;
            vec sum = out[j] + bias;
            if (b->addend != NULL)
                sum += vec_load_part(b->addend + i * b->addend_row + j * b->addend_pitch, mask);
            vec_store_part(to + i * cairn_row_stride(y) + j * y->pitch, vec_max(b->floor, sum), mask);
        }
    }
}

/* The outputs of a tile: channels column ... column + columns - 1, whose products lie at `from`. */
CAIRN_INLINE void cairn_winograd_finish(const cairn_work *work, const cairn_winograd_use *use,
                                        cairn_winograd_tile at, int64_t column, int64_t columns,
                                        const float *from, int64_t plane, const int m)
{
    const cairn_operand *y = &work->out[0], *addend = &work->in[use->addend];
    bool adds = cairn_has(work->site, use->addend),
         biased = use->bias > 0 && cairn_has(work->site, use->bias);
    cairn_winograd_behind b = {.addend_row = cairn_row_stride(addend),
                               .addend_pitch = addend->pitch,
                               .floor = vec_set(use->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY)};
    int rows = (int)cairn_min(m, y->h - at.y), width = (int)cairn_min(m, y->w - at.x);
    real *to = cairn_image_of(y, at.image) + at.y * cairn_row_stride(y) + at.x * y->pitch + column;
    const real *other =
        adds ? cairn_image_of(addend, at.image) + at.y * b.addend_row + at.x * b.addend_pitch + column : NULL;
    for (int64_t c = 0; c < columns; c += CAIRN_LANES) {
        b.bias = biased ? cairn_params_of(&work->in[use->bias]) + column + c : NULL;
        b.addend = adds ? other + c : NULL;
        if (rows == m && width == m && c + CAIRN_LANES <= columns)
            cairn_winograd_output_vector(from + c, plane, &b, vec_first(CAIRN_LANES), to + c, y, m, m, m);
        else
            cairn_winograd_output_vector(from + c, plane, &b, vec_first(columns - c), to + c, y, rows, width,
                                         m);
    }
    if (use->act != CAIRN_ACT_NONE && use->act != CAIRN_ACT_RELU)
        for (int64_t row = 0; row < rows; row++)
            for (int64_t k = 0; k < width; k++) {
                real *p = to + row * cairn_row_stride(y) + k * y->pitch;
                vec_activate_span(use->act, p, p, columns);
            }
}

#endif
