/* Convolution 3 x 3, 5 x 5 or of a line at stride 1 by Winograd's F(m, r), see winograd.h: of a picture with
 * weights, or of the gradient of its result with the same weights turned round. A unit is a block of tiles,
 * which may belong to several images, and a part of the output channels:
 *
 *     V[product][tile][input channel]     transformed inputs, in scratch
 *     M[product][tile][output channel]    = V[product] U[product], for some output channels at a time
 *     y                                   back from M, with bias, addend and activation
 *
 * U, the transformed weights, is the packed form. A file that includes this packs U and says what x, y, the
 * padding and what stands behind the sums are.
 *
 * V and U are floats, but of F(2, 3) bfloat16 where the processor multiplies pairs of these. Of F(4, 3)
 * rounding would lose more than three times as much, see docs/adr/0011. */
#ifndef CAIRN_OPS_WINOGRAD_CONVOLVE_H
#define CAIRN_OPS_WINOGRAD_CONVOLVE_H

#include "ops/attrs.h"
#include "ops/conv2d/cost.h"
#include "ops/gemm/gemm.h"
#include "ops/operand.h"
#include "ops/real.h"
#include "ops/winograd/outputs.h"

/* Blocks are a multiple of this: tiles of the matrix product are 6 or 12 rows. */
#define CAIRN_WINOGRAD_STEP 12
/* Output channels of M. */
#define CAIRN_WINOGRAD_PASS (CAIRN_GEMM_COLUMNS * (64 / CAIRN_GEMM_COLUMNS))
/* Of the inputs of a block, if a block of two steps does not take more. */
#define CAIRN_WINOGRAD_V_BYTES (256 * 1024)
/* A U that no cache keeps from block to block: better few blocks then, of inputs that are far as well. */
#define CAIRN_WINOGRAD_FAR_BYTES ((int64_t)16 << 20)
#define CAIRN_WINOGRAD_FAR_V_BYTES ((int64_t)4 << 20)
#define CAIRN_WINOGRAD_UNITS 16

/* Whether a form multiplies pairs of bfloat16. */
static inline bool cairn_winograd_pairs(const cairn_winograd_form f)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    return !f.line && f.m == 2 && f.r == 3;
#else
    (void)f;
    return false;
#endif
}

typedef struct cairn_winograd {
    cairn_winograd_use use;
    bool pairs;
    int64_t v_bytes; /* of an element of V */
    int64_t depth;   /* words of a column of U */
    int products;
    int64_t in_c, out_c;
    cairn_winograd_tiles tiles;
    int64_t all;                                /* tiles of the batch */
    int64_t step;                               /* tiles that are not divided */
    int64_t block, blocks;                      /* tiles of the largest, number of them */
    int64_t panels, parts;                      /* passes over output channels, parts they are divided into */
    int64_t v_pitch, v_plane, m_pitch, m_plane; /* elements from tile to tile and from product to product */
    int64_t u_plane;
} cairn_winograd;

static inline int64_t cairn_winograd_padded(int64_t channels)
{
    return (int64_t)cairn_align((size_t)channels, CAIRN_LANES);
}

/* As many tiles as fill the cache, in blocks of equal size. Panels of the full width take any number of rows
 * well, narrower ones multiples of a step. */
static inline void cairn_winograd_divide(cairn_winograd *s)
{
    bool far = s->products * s->u_plane * (int64_t)sizeof(float) > CAIRN_WINOGRAD_FAR_BYTES;
    int64_t row_bytes = s->products * s->v_pitch * s->v_bytes,
            v_bytes = far ? CAIRN_WINOGRAD_FAR_V_BYTES : CAIRN_WINOGRAD_V_BYTES;
    int64_t most = cairn_max(v_bytes / row_bytes / CAIRN_WINOGRAD_STEP, 2) * CAIRN_WINOGRAD_STEP;
    most = cairn_min(most, CAIRN_GEMM_ROWS);
    s->step = s->out_c < CAIRN_GEMM_COLUMNS ? CAIRN_WINOGRAD_STEP : 1;
    int64_t steps = cairn_ceil_div(s->all, s->step);
    s->blocks = cairn_ceil_div(s->all, most);
    if (s->blocks > 1) /* two threads, or four, should end together; two read the same of a far U together */
        s->blocks = cairn_min((int64_t)cairn_align((size_t)s->blocks, far ? 2 : 4), steps);
    s->block = cairn_ceil_div(steps, s->blocks) * s->step;
    s->panels = cairn_ceil_div(s->out_c, CAIRN_WINOGRAD_PASS);
    s->parts = cairn_min(cairn_ceil_div(CAIRN_WINOGRAD_UNITS, s->blocks), s->panels);
}

/* Where a block begins, in tiles counted over all images. */
static inline int64_t cairn_winograd_first_tile(const cairn_winograd *s, int64_t block)
{
    return s->step * cairn_part_begin(cairn_ceil_div(s->all, s->step), block, s->blocks);
}

/* Where a part of the output channels begins. */
static inline int64_t cairn_winograd_first_column(const cairn_winograd *s, int64_t part)
{
    return cairn_min(cairn_part_begin(s->panels, part, s->parts) * CAIRN_WINOGRAD_PASS, s->out_c);
}

static inline cairn_winograd cairn_winograd_of(const cairn_site *site, const cairn_window *window,
                                               cairn_winograd_use use, const cairn_winograd_form f)
{
    const cairn_operand *x = &site->in[0], *y = &site->out[0];
    cairn_winograd s = {.use = use, .in_c = x->c, .out_c = y->c};
    s.pairs = cairn_winograd_pairs(f);
    s.v_bytes = (int64_t)(s.pairs ? sizeof(real) : sizeof(float));
    s.depth = s.pairs ? cairn_ceil_div(s.in_c, 2) : s.in_c;
    s.products = cairn_winograd_products(f);
    s.tiles = cairn_winograd_tiles_of(window, y, f);
    s.all = s.tiles.count * site->capacity;
    s.v_pitch = cairn_winograd_padded(s.in_c);
    s.u_plane = (int64_t)cairn_gemm_packed(s.depth, s.out_c);
    cairn_winograd_divide(&s);
    s.m_pitch = cairn_min(CAIRN_WINOGRAD_PASS, cairn_winograd_padded(s.out_c));
    s.v_plane = s.block * s.v_pitch + CAIRN_LINE_BYTES / s.v_bytes;
    s.m_plane = cairn_winograd_plane(s.block, s.m_pitch);
    return s;
}

/* V and a pixel of zeros. */
static inline size_t cairn_winograd_v_bytes(const cairn_winograd *s)
{
    return cairn_align((size_t)(s->products * s->v_plane * s->v_bytes) + (size_t)s->v_pitch * sizeof(real),
                       CAIRN_LINE_BYTES);
}

/* The answers of plan(). */
static inline void cairn_winograd_plan(cairn_site *site, const cairn_winograd *s)
{
    site->units = s->blocks * s->parts;
    site->unit_flops = 2 * s->products * s->all * s->in_c * s->out_c / site->units;
    site->packed = (size_t)(s->products * s->u_plane) * sizeof(float);
    site->pack_units = cairn_ceil_div(s->out_c, CAIRN_GEMM_COLUMNS);
    site->in_packed = 1u << 1;
    site->scratch = cairn_winograd_v_bytes(s) + (size_t)(s->products * s->m_plane) * sizeof(float);
}

static inline bool cairn_winograd_fits(const cairn_site *site, const cairn_conv2d_attrs *attrs,
                                       const cairn_winograd_form f)
{
    return cairn_winograd_can(site, attrs, &site->in[0], &site->out[0], f) && !cairn_is_float(&site->out[0]);
}

/* A vector's columns of so many rows of U, `pitch` apart, which begin with the first of a pair: to its words.
 */
CAIRN_INLINE void cairn_winograd_put_words(const float *from, int64_t rows, int64_t pitch, float *to,
                                           int64_t width, const bool pairs)
{
#if defined(CAIRN_STORE_BF16)
    for (int64_t row = 0; row < rows && pairs; row += 2) {
        vec second = row + 1 < rows ? vec_load(from + (row + 1) * pitch) : (vec){0};
        vec_store(to + row / 2 * width, vec_pair_bf16(vec_load(from + row * pitch), second));
    }
#endif
    for (int64_t row = 0; row < rows && !pairs; row++)
        vec_store(to + row * width, vec_load(from + row * pitch));
}

/* ---- tiles ---- */

CAIRN_INLINE void cairn_winograd_inputs(const cairn_work *work, const cairn_winograd *s, int64_t first,
                                        int64_t count, char *v, const cairn_winograd_form f)
{
    const real *pixel[CAIRN_WINOGRAD_PRODUCTS];
    const int t = cairn_winograd_side(f);
    real *zeros = (real *)(void *)(v + s->products * s->v_plane * s->v_bytes);
    memset(zeros, 0, (size_t)s->v_pitch * sizeof *zeros);
    for (int64_t i = 0; i < count; i++) {
        cairn_winograd_tile at = cairn_winograd_tile_at(&s->tiles, first + i);
        cairn_winograd_tile_pixels(&work->in[0], &s->tiles, at.image, at.y - s->use.pad_top,
                                   at.x - s->use.pad_left, t, zeros, pixel, f);
        cairn_winograd_transform(pixel, t, s->in_c, cairn_winograd_input, v + i * s->v_pitch * s->v_bytes,
                                 s->v_plane, f, cairn_winograd_pairs(f));
    }
}

/* M = V U for output channels column ... column + columns - 1. */
static inline void cairn_winograd_multiply(const cairn_work *work, const cairn_winograd *s, int64_t count,
                                           int64_t column, int64_t columns, const char *v, float *m)
{
    const void *a[CAIRN_GEMM_ROWS];
    void *c[CAIRN_GEMM_ROWS];
    const float *u = (const float *)(const void *)work->packed + column * s->depth;
    const int64_t origin = 0;
    cairn_gemm_rows gemm = {.rows = count,
                            .a = a,
                            .c = c,
                            .offset = &origin,
                            .segments = 1,
                            .length = s->in_c,
                            .block = cairn_gemm_block(s->in_c, false),
                            .n = columns,
                            .packed = true,
                            .float_c = s->pairs,
                            .floor = -INFINITY};
    for (int product = 0; product < s->products; product++) {
        for (int64_t i = 0; i < count; i++) {
            a[i] = v + (product * s->v_plane + i * s->v_pitch) * s->v_bytes;
            c[i] = m + product * s->m_plane + i * s->m_pitch;
        }
        gemm.b = u + product * s->u_plane;
        gemm.next = cairn_gemm_next(product + 1 < s->products ? u + (product + 1) * s->u_plane
                                                              : u + columns * s->depth,
                                    (size_t)(s->products * s->u_plane) * sizeof *u);
        if (s->pairs)
            CAIRN_SIMD(cairn_gemm_rows)(&gemm);
        else
            CAIRN_SIMD_FLOAT(cairn_gemm_rows)(&gemm);
    }
}

CAIRN_INLINE void cairn_winograd_outputs(const cairn_work *work, const cairn_winograd *s, int64_t first,
                                         int64_t count, int64_t column, int64_t columns, const float *from,
                                         const cairn_winograd_form f)
{
    for (int64_t i = 0; i < count; i++) {
        cairn_winograd_tile at = cairn_winograd_tile_at(&s->tiles, first + i);
        cairn_winograd_behind behind = cairn_winograd_behind_of(work, &s->use, at, column);
        cairn_winograd_place place = cairn_winograd_place_of(work, &s->tiles, at, column);
        cairn_winograd_finish(&behind, &place, s->use.act, columns, from + i * s->m_pitch, s->m_plane, f);
    }
}

CAIRN_INLINE void cairn_winograd_run(const cairn_work *work, const cairn_winograd *s,
                                     const cairn_winograd_form f)
{
    char *v = work->scratch;
    float *products = (float *)(void *)(v + cairn_winograd_v_bytes(s));
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t block = unit / s->parts, part = unit % s->parts;
        int64_t first = cairn_winograd_first_tile(s, block);
        int64_t count =
            cairn_min(cairn_winograd_first_tile(s, block + 1), work->run->n * s->tiles.count) - first;
        int64_t begin = cairn_winograd_first_column(s, part), end = cairn_winograd_first_column(s, part + 1);
        bool transformed = part > 0 && (unit > work->begin || work->goes_on);
        if (count <= 0)
            continue;
        if (!transformed)
            cairn_winograd_inputs(work, s, first, count, v, f);
        for (int64_t column = begin; column < end; column += CAIRN_WINOGRAD_PASS) {
            int64_t columns = cairn_min(CAIRN_WINOGRAD_PASS, end - column);
            cairn_winograd_multiply(work, s, count, column, columns, v, products);
            cairn_winograd_outputs(work, s, first, count, column, columns, products, f);
        }
    }
}

/* The kernel winograd##label of an operator that has setup_of(site, form) and pack_of(work, form). */
#define CAIRN_WINOGRAD_KERNEL(op, label, form)                                                               \
    static bool fits_##label(const cairn_site *site)                                                         \
    {                                                                                                        \
        return cairn_winograd_fits(site, site->attrs, form);                                                 \
    }                                                                                                        \
    static void plan_##label(cairn_site *site)                                                               \
    {                                                                                                        \
        cairn_winograd s = setup_of(site, form);                                                             \
        cairn_winograd_plan(site, &s);                                                                       \
    }                                                                                                        \
    static void pack_##label(const cairn_work *work)                                                         \
    {                                                                                                        \
        pack_of(work, form);                                                                                 \
    }                                                                                                        \
    static void run_##label(const cairn_work *work)                                                          \
    {                                                                                                        \
        cairn_winograd s = setup_of(work->site, form);                                                       \
        cairn_winograd_run(work, &s, form);                                                                  \
    }                                                                                                        \
    static double cost_##label(const cairn_site *site, const cairn_machine *machine)                         \
    {                                                                                                        \
        cairn_winograd s = setup_of(site, form);                                                             \
        return cairn_conv2d_cost_winograd(site, machine, form, (double)s.all, cairn_winograd_pairs(form));   \
    }                                                                                                        \
    const cairn_kernel CAIRN_KERNEL(op##_winograd##label) = {.name = "winograd" #label,                      \
                                                             .isa = CAIRN_KERNEL_ISA,                        \
                                                             .precisions = CAIRN_KERNEL_PRECISION,           \
                                                             .fits = fits_##label,                           \
                                                             .cost = cost_##label,                           \
                                                             .plan = plan_##label,                           \
                                                             .pack = pack_##label,                           \
                                                             .run = run_##label};

#endif
