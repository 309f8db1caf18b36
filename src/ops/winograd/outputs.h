/* From the products of a tile to its outputs, see winograd.h, with bias, addend, activation and gate. */
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
    int bias, addend, gate; /* inputs; bias or gate 0: there is none. Those that are not given are left out */
} cairn_winograd_use;

/* An addend or a gate, from the place of a tile on. */
typedef struct cairn_winograd_other {
    const real *at; /* NULL: none */
    int64_t row, pitch;
} cairn_winograd_other;

/* What stands behind the sums: y = max(floor, sum + bias + addend), or 0 where the gate is not above 0. */
typedef struct cairn_winograd_behind {
    const float *bias; /* NULL: none */
    cairn_winograd_other addend, gate;
    vec floor;
} cairn_winograd_behind;

CAIRN_INLINE cairn_winograd_other cairn_winograd_other_at(const cairn_work *work, int input,
                                                          cairn_winograd_tile at, int64_t channel)
{
    const cairn_operand *other = &work->in[input];
    cairn_winograd_other o = {.row = cairn_row_stride(other), .pitch = other->pitch};
    if (cairn_gives(work->site, input))
        o.at = (const real *)cairn_image_of(other, at.image) + at.y * o.row + at.x * o.pitch + channel;
    return o;
}

CAIRN_INLINE vec cairn_winograd_load_other(const cairn_winograd_other *o, int64_t row, int64_t column,
                                           int64_t channel, vec_mask mask)
{
    return vec_load_part(o->at + row * o->row + column * o->pitch + channel, mask);
}

/* Channels from c on, counted from where addend, gate and `to` are. */
CAIRN_INLINE void cairn_winograd_output_vector(const float *from, int64_t plane,
                                               const cairn_winograd_behind *b, int64_t c, vec_mask mask,
                                               real *to, const cairn_operand *y, const int rows,
                                               const int columns, const int m)
{
    vec half[CAIRN_WINOGRAD_MOST][CAIRN_WINOGRAD_MOST], in[CAIRN_WINOGRAD_MOST], out[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int j = 0; j < t; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            in[i] = vec_load(from + c + (i * t + j) * plane);
        cairn_winograd_output(in, out, m);
        CAIRN_UNROLL
        for (int i = 0; i < m; i++)
            half[i][j] = out[i];
    }
    vec bias = b->bias != NULL ? vec_load_part(b->bias + c, mask) : (vec){0};
    for (int i = 0; i < rows; i++) {
        cairn_winograd_output(half[i], out, m);
        CAIRN_UNROLL
        for (int j = 0; j < m; j++) {
            if (j >= columns)
                break;
            vec sum = out[j] + bias;
            if (b->addend.at != NULL)
                sum += cairn_winograd_load_other(&b->addend, i, j, c, mask);
            sum = vec_max(b->floor, sum);
            if (b->gate.at != NULL)
                sum = vec_gate(cairn_winograd_load_other(&b->gate, i, j, c, mask), sum);
            vec_store_part(to + c + i * cairn_row_stride(y) + j * y->pitch, sum, mask);
        }
    }
}

/* The outputs of a tile: channels column ... column + columns - 1, whose products lie at `from`. */
CAIRN_INLINE void cairn_winograd_finish(const cairn_work *work, const cairn_winograd_use *use,
                                        cairn_winograd_tile at, int64_t column, int64_t columns,
                                        const float *from, int64_t plane, const int m)
{
    const cairn_operand *y = &work->out[0];
    bool biased = cairn_gives(work->site, use->bias);
    cairn_winograd_behind b = {.bias = biased ? cairn_params_of(&work->in[use->bias]) + column : NULL,
                               .addend = cairn_winograd_other_at(work, use->addend, at, column),
                               .gate = cairn_winograd_other_at(work, use->gate, at, column),
                               .floor = vec_set(use->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY)};
    int rows = (int)cairn_min(m, y->h - at.y), width = (int)cairn_min(m, y->w - at.x);
    real *to = cairn_image_of(y, at.image) + at.y * cairn_row_stride(y) + at.x * y->pitch + column;
    for (int64_t c = 0; c < columns; c += CAIRN_LANES)
        if (rows == m && width == m && c + CAIRN_LANES <= columns)
            cairn_winograd_output_vector(from, plane, &b, c, vec_first(CAIRN_LANES), to, y, m, m, m);
        else
            cairn_winograd_output_vector(from, plane, &b, c, vec_first(columns - c), to, y, rows, width, m);
    if (use->act != CAIRN_ACT_NONE && use->act != CAIRN_ACT_RELU)
        for (int64_t row = 0; row < rows; row++)
            for (int64_t k = 0; k < width; k++) {
                real *p = to + row * cairn_row_stride(y) + k * y->pitch;
                vec_activate_span(use->act, p, p, columns);
            }
}

#endif
