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

/* Outputs of a tile that are in the picture, from its place on. */
typedef struct cairn_winograd_place {
    real *to;
    int64_t row, pitch;
    int rows, columns;
} cairn_winograd_place;

/* Channels from c on, counted from where addend, gate and `to` are. */
CAIRN_INLINE void cairn_winograd_put(const cairn_winograd_place *p, const cairn_winograd_behind *b, int64_t i,
                                     int64_t j, int64_t c, vec bias, vec sum, vec_mask mask)
{
    sum += bias;
    if (b->addend.at != NULL)
        sum += cairn_winograd_load_other(&b->addend, i, j, c, mask);
    sum = vec_max(b->floor, sum);
    if (b->gate.at != NULL)
        sum = vec_gate(cairn_winograd_load_other(&b->gate, i, j, c, mask), sum);
    vec_store_part(p->to + c + i * p->row + j * p->pitch, sum, mask);
}

CAIRN_INLINE void cairn_winograd_output_square(const float *from, int64_t plane,
                                               const cairn_winograd_behind *b, int64_t c, vec_mask mask,
                                               const cairn_winograd_place *p, const int rows,
                                               const int columns, const cairn_winograd_form f)
{
    vec half[CAIRN_WINOGRAD_SIDE][CAIRN_WINOGRAD_SIDE], in[CAIRN_WINOGRAD_SIDE], out[CAIRN_WINOGRAD_SIDE];
    const int t = cairn_winograd_side(f);
    for (int j = 0; j < t; j++) {
        const float *column = from + c + j * plane;
        __asm__("" : "+r"(column)); /* else t * t addresses are kept, for which there are no registers */
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            in[i] = vec_load(column + i * t * plane);
        cairn_winograd_output(in, out, f);
        CAIRN_UNROLL
        for (int i = 0; i < f.m; i++)
            half[i][j] = out[i];
    }
    vec bias = b->bias != NULL ? vec_load_part(b->bias + c, mask) : (vec){0};
    for (int i = 0; i < rows; i++) {
        cairn_winograd_output(half[i], out, f);
        CAIRN_UNROLL
        for (int j = 0; j < f.m; j++) {
            if (j >= columns)
                break;
            cairn_winograd_put(p, b, i, j, c, bias, out[j], mask);
        }
    }
}

CAIRN_INLINE void cairn_winograd_output_line(const float *from, int64_t plane, const cairn_winograd_behind *b,
                                             int64_t c, vec_mask mask, const cairn_winograd_place *p,
                                             const cairn_winograd_form f)
{
    vec in[CAIRN_WINOGRAD_LINE_SIDE], out[CAIRN_WINOGRAD_LINE_SIDE];
    CAIRN_UNROLL
    for (int i = 0; i < cairn_winograd_side(f); i++)
        in[i] = vec_load(from + c + i * plane);
    cairn_winograd_output(in, out, f);
    vec bias = b->bias != NULL ? vec_load_part(b->bias + c, mask) : (vec){0};
    CAIRN_UNROLL
    for (int j = 0; j < f.m; j++) {
        if (j < p->columns)
            cairn_winograd_put(p, b, 0, j, c, bias, out[j], mask);
        else if (j < p->rows)
            cairn_winograd_put(p, b, j, 0, c, bias, out[j], mask);
    }
}

/* Channels column ... column + columns - 1 of a tile. */
CAIRN_INLINE cairn_winograd_behind cairn_winograd_behind_of(const cairn_work *work,
                                                            const cairn_winograd_use *use,
                                                            cairn_winograd_tile at, int64_t column)
{
    bool biased = cairn_gives(work->site, use->bias);
    return (cairn_winograd_behind){.bias = biased ? cairn_params_of(&work->in[use->bias]) + column : NULL,
                                   .addend = cairn_winograd_other_at(work, use->addend, at, column),
                                   .gate = cairn_winograd_other_at(work, use->gate, at, column),
                                   .floor = vec_set(use->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY)};
}

CAIRN_INLINE cairn_winograd_place cairn_winograd_place_of(const cairn_work *work,
                                                          const cairn_winograd_tiles *tiles,
                                                          cairn_winograd_tile at, int64_t column)
{
    const cairn_operand *y = &work->out[0];
    cairn_winograd_place p = {.row = cairn_row_stride(y),
                              .pitch = y->pitch,
                              .rows = (int)cairn_min(tiles->h, y->h - at.y),
                              .columns = (int)cairn_min(tiles->w, y->w - at.x)};
    p.to = (real *)cairn_image_of(y, at.image) + at.y * p.row + at.x * p.pitch + column;
    return p;
}

/* So many pixels to the right, of which there are so many columns in the picture. */
CAIRN_INLINE void cairn_winograd_advance(cairn_winograd_behind *b, cairn_winograd_place *p, int64_t pixels,
                                         int columns)
{
    p->to += pixels * p->pitch;
    p->columns = columns;
    if (b->addend.at != NULL)
        b->addend.at += pixels * b->addend.pitch;
    if (b->gate.at != NULL)
        b->gate.at += pixels * b->gate.pitch;
}

/* The outputs of a tile, in so many channels, whose products lie at `from`. */
CAIRN_INLINE void cairn_winograd_finish(const cairn_winograd_behind *b, const cairn_winograd_place *p,
                                        cairn_activation_kind act, int64_t columns, const float *from,
                                        int64_t plane, const cairn_winograd_form f)
{
    for (int64_t c = 0; c < columns; c += CAIRN_LANES) {
        bool whole = c + CAIRN_LANES <= columns;
        if (f.line && whole)
            cairn_winograd_output_line(from, plane, b, c, vec_first(CAIRN_LANES), p, f);
        else if (f.line)
            cairn_winograd_output_line(from, plane, b, c, vec_first(columns - c), p, f);
        else if (p->rows == f.m && p->columns == f.m && whole)
            cairn_winograd_output_square(from, plane, b, c, vec_first(CAIRN_LANES), p, f.m, f.m, f);
        else
            cairn_winograd_output_square(from, plane, b, c, vec_first(columns - c), p, p->rows, p->columns,
                                         f);
    }
    if (act != CAIRN_ACT_NONE && act != CAIRN_ACT_RELU)
        for (int64_t row = 0; row < p->rows; row++)
            for (int64_t k = 0; k < p->columns; k++) {
                real *pixel = p->to + row * p->row + k * p->pitch;
                vec_activate_span(act, pixel, pixel, columns);
            }
}

#endif
