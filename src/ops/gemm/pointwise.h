/* A 1 x 1 convolution, or the gradient of its input, by Strassen's product (strassen.h): pixels of the first
 * half of an image are paired with those of the second, so that no image takes part in another's sums. A unit
 * is a block of pairs, which may belong to several images, and a part of the columns. A file that includes
 * this says where the weights, the bias and the addend are. */
#ifndef CAIRN_OPS_POINTWISE_H
#define CAIRN_OPS_POINTWISE_H

#include "ops/attrs.h"
#include "ops/gemm/strassen.h"
#include "ops/operand.h"
#include "ops/real.h"
#include "ops/simd/functions.h"
#include <math.h>

/* Columns of each half that a unit has at least, and units that these are divided into by them if pixels
 * alone do not make as many. */
#define CAIRN_POINTWISE_COLUMNS (CAIRN_GEMM_COLUMNS * (64 / CAIRN_GEMM_COLUMNS))
#define CAIRN_POINTWISE_UNITS 16

/* What the including file says. */
typedef struct cairn_pointwise_use {
    int64_t stride_h, stride_w; /* of the pixels of x */
    cairn_activation_kind act;
    int bias, addend, gate; /* inputs; bias or gate 0: there is none. Those that are not given are left out */
} cairn_pointwise_use;

typedef struct cairn_pointwise {
    cairn_pointwise_use use;
    int64_t k, n;          /* of a quarter of the weights */
    int64_t pixels;        /* of an image of y */
    int64_t half;          /* of them: pixel i is paired with i + half; if that is not there, with itself */
    int64_t block, blocks; /* pairs of one, number of them */
    int64_t panels, parts; /* columns of each half, in so many panels; parts that these are divided into */
} cairn_pointwise;

static inline cairn_pointwise cairn_pointwise_of(const cairn_site *site, cairn_pointwise_use use)
{
    const cairn_operand *y = &site->out[0];
    cairn_pointwise s = {.use = use, .k = site->in[0].c / 2, .n = y->c / 2, .pixels = y->h * y->w};
    s.half = cairn_ceil_div(s.pixels, 2);
    int64_t all = s.half * site->capacity;
    s.blocks = cairn_ceil_div(all, CAIRN_STRASSEN_PAIRS);
    if (s.blocks > 1) /* two threads should end together */
        s.blocks = (int64_t)cairn_align((size_t)s.blocks, 2);
    s.block = cairn_ceil_div(all, s.blocks);
    s.panels = cairn_ceil_div(s.n, CAIRN_POINTWISE_COLUMNS);
    s.parts = cairn_min(cairn_ceil_div(CAIRN_POINTWISE_UNITS, s.blocks), s.panels);
    return s;
}

/* Where a part of the columns begins. */
static inline int64_t cairn_pointwise_first_column(const cairn_pointwise *s, int64_t part)
{
    return cairn_min(cairn_part_begin(s->panels, part, s->parts) * CAIRN_POINTWISE_COLUMNS, s->n);
}

/* Whether the convolution that turns x into y has halves of whole vectors; a plan that is exact wants the
 * sums themselves. */
static inline bool cairn_pointwise_can(const cairn_site *site, const cairn_conv2d_attrs *attrs,
                                       const cairn_operand *x, const cairn_operand *y)
{
    const cairn_window *w = &attrs->geometry.window;
    return !site->exact && attrs->groups == 1 && w->k_h == 1 && w->k_w == 1 && w->pad_top == 0 &&
           w->pad_left == 0 && w->pad_bottom == 0 && w->pad_right == 0 && x->c % (2 * CAIRN_LANES) == 0 &&
           y->c % (2 * CAIRN_LANES) == 0 && y->h * y->w > 1;
}

/* The answers of plan(). */
static inline void cairn_pointwise_plan(cairn_site *site, const cairn_pointwise *s)
{
    site->units = s->blocks * s->parts;
    site->unit_flops = 2 * CAIRN_STRASSEN_PRODUCTS * s->block * s->k * s->n / s->parts;
    site->scratch = cairn_strassen_scratch(s->block, s->k, s->n) + (size_t)(2 * s->n) * sizeof(float);
    site->packed = (size_t)(CAIRN_STRASSEN_PRODUCTS * cairn_strassen_plane(s->k, s->n)) * sizeof(float);
    site->pack_units = cairn_ceil_div(s->n, CAIRN_GEMM_COLUMNS);
    site->in_packed = 1u << 1;
}

/* A unit is a panel. */
static inline void cairn_pointwise_pack(const cairn_work *work, const cairn_pointwise *s, int64_t k_step,
                                        int64_t n_step)
{
    cairn_strassen_source source = {
        .b = cairn_params_of(&work->in[1]), .k_step = k_step, .n_step = n_step, .k = s->k, .n = s->n};
    for (int64_t unit = work->begin; unit < work->end; unit++)
        CAIRN_SIMD(cairn_strassen_pack)((float *)(void *)work->packed, &source, unit * CAIRN_GEMM_COLUMNS);
}

/* Rows of x, y, the addend and the gate, upper and lower. */
typedef struct cairn_pointwise_rows {
    const float *a[2][CAIRN_STRASSEN_PAIRS], *addend[2][CAIRN_STRASSEN_PAIRS], *gate[2][CAIRN_STRASSEN_PAIRS];
    float *c[2][CAIRN_STRASSEN_PAIRS];
} cairn_pointwise_rows;

static inline void cairn_pointwise_find(const cairn_work *work, const cairn_pointwise *s, int64_t image,
                                        int64_t pixel, int64_t i, float *nowhere, cairn_pointwise_rows *rows)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0], *addend = &work->in[s->use.addend],
                        *gate = &work->in[s->use.gate];
    for (int lower = 0; lower < 2; lower++) {
        bool there = pixel + lower * s->half < s->pixels;
        int64_t at = there ? pixel + lower * s->half : pixel;
        int64_t row = at / y->w * s->use.stride_h, column = at % y->w * s->use.stride_w;
        rows->a[lower][i] = cairn_image_of(x, image) + row * cairn_row_stride(x) + column * x->pitch;
        rows->c[lower][i] = there ? cairn_image_of(y, image) + at * y->pitch : nowhere;
        if (cairn_gives(work->site, s->use.addend))
            rows->addend[lower][i] = cairn_image_of(addend, image) + at * addend->pitch;
        if (cairn_gives(work->site, s->use.gate))
            rows->gate[lower][i] = cairn_image_of(gate, image) + at * gate->pitch;
    }
}

/* `count` pairs from number `first` on, counted over all images; `summed` as in cairn_strassen. */
static inline void cairn_pointwise_multiply(const cairn_work *work, const cairn_pointwise *s, int64_t first,
                                            int64_t count, int64_t column, int64_t columns, bool summed)
{
    float *nowhere = (float *)(void *)work->scratch, *scratch = nowhere + 2 * s->n;
    cairn_pointwise_rows rows;
    bool adds = cairn_gives(work->site, s->use.addend), gated = cairn_gives(work->site, s->use.gate),
         biased = cairn_gives(work->site, s->use.bias);
    for (int64_t i = 0; i < count; i++)
        cairn_pointwise_find(work, s, (first + i) / s->half, (first + i) % s->half, i, nowhere, &rows);
    cairn_strassen product = {.pairs = count,
                              .a = {rows.a[0], rows.a[1]},
                              .c = {rows.c[0], rows.c[1]},
                              .addend = {adds ? rows.addend[0] : NULL, adds ? rows.addend[1] : NULL},
                              .gate = {gated ? rows.gate[0] : NULL, gated ? rows.gate[1] : NULL},
                              .k = s->k,
                              .n = s->n,
                              .column = column,
                              .columns = columns,
                              .b = (const float *)(const void *)work->packed,
                              .bias = biased ? cairn_params_of(&work->in[s->use.bias]) : NULL,
                              .floor = s->use.act == CAIRN_ACT_RELU ? 0.0f : -INFINITY,
                              .scratch = scratch,
                              .summed = summed};
    CAIRN_SIMD(cairn_strassen_rows)(&product);
    for (int64_t i = 0; i < 4 * count && s->use.act != CAIRN_ACT_NONE && s->use.act != CAIRN_ACT_RELU; i++) {
        float *quarter = rows.c[i / 2 % 2][i / 4] + i % 2 * s->n + column;
        vec_activate_span(s->use.act, quarter, quarter, columns);
    }
}

static inline void cairn_pointwise_run(const cairn_work *work, const cairn_pointwise *s)
{
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t first = unit / s->parts * s->block, part = unit % s->parts;
        int64_t count = cairn_min(s->block, work->run->n * s->half - first);
        int64_t column = cairn_pointwise_first_column(s, part);
        int64_t columns = cairn_pointwise_first_column(s, part + 1) - column;
        bool summed = column > 0 && (unit > work->begin || work->goes_on);
        if (count > 0)
            cairn_pointwise_multiply(work, s, first, count, column, columns, summed);
    }
}

#endif
