/* Convolution 3 x 3 at stride 1 by Winograd's F(4, 3), in bfloat16 F(6, 3) too; see winograd.h. A unit is a
 * block of tiles, which may belong to several images, and a part of the output channels:
 *
 *     V[product][tile][input channel]     transformed inputs, in scratch
 *     M[product][tile][output channel]    = V[product] U[product], for some output channels at a time
 *     y                                   back from M, with bias, addend and activation
 *
 * U, the transformed weights, is the packed form. */
#include "ops/conv2d/cost.h"
#include "ops/gemm/gemm.h"
#include "ops/real.h"
#include "ops/simd/functions.h"
#include "ops/winograd/winograd.h"
#include <math.h>

#define TILE_STEP 12 /* blocks are a multiple of this: tiles of the matrix product are 6 or 12 rows */
#define PASS_COLUMNS (CAIRN_GEMM_COLUMNS * (64 / CAIRN_GEMM_COLUMNS)) /* output channels of M */
#define V_BYTES (256 * 1024) /* of a block, if a block of TILE_STEP * 2 does not take more */
#define MIN_UNITS 16

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    int m, t, products;
    int64_t in_c, out_c;
    int64_t tiles_w, tiles, all;                /* in a row, in an image, in the batch */
    int64_t block, blocks;                      /* tiles of one, number of them */
    int64_t columns, parts;                     /* output channels of a unit, number of such parts */
    int64_t v_pitch, v_plane, m_pitch, m_plane; /* elements from tile to tile and from product to product */
    int64_t u_plane;
} setup;

/* Planes a multiple of a page apart would all fall into the same few sets of the cache. */
static int64_t plane_of(int64_t rows, int64_t pitch)
{
    return rows * pitch + 64 / (int64_t)sizeof(float);
}

static int64_t padded(int64_t channels)
{
    return (int64_t)cairn_align((size_t)channels, CAIRN_LANES);
}

/* As many tiles as fill the cache, in blocks of equal size. */
static void divide(setup *s)
{
    int64_t row_bytes = s->products * s->v_pitch * (int64_t)sizeof(float);
    int64_t most = cairn_max(V_BYTES / row_bytes / TILE_STEP, 2) * TILE_STEP;
    most = cairn_min(most, CAIRN_GEMM_ROWS);
    s->blocks = cairn_ceil_div(s->all, most);
    if (s->blocks > 1) /* two threads, or four, should end together */
        s->blocks = (int64_t)cairn_align((size_t)s->blocks, 4);
    s->block = (int64_t)cairn_align((size_t)cairn_ceil_div(s->all, s->blocks), TILE_STEP / 2);
    s->blocks = cairn_ceil_div(s->all, s->block);
    int64_t panels = cairn_ceil_div(s->out_c, PASS_COLUMNS);
    int64_t parts = cairn_min(cairn_ceil_div(MIN_UNITS, s->blocks), panels);
    s->columns = cairn_ceil_div(panels, parts) * PASS_COLUMNS;
    s->parts = cairn_ceil_div(s->out_c, s->columns);
}

static setup setup_of(const cairn_site *site, int m)
{
    const cairn_operand *x = &site->in[0], *y = &site->out[0];
    setup s = {.attrs = site->attrs, .m = m, .t = m + 2, .in_c = x->c, .out_c = y->c};
    s.products = s.t * s.t;
    s.tiles_w = cairn_ceil_div(y->w, m);
    s.tiles = s.tiles_w * cairn_ceil_div(y->h, m);
    s.all = s.tiles * site->capacity;
    s.v_pitch = padded(s.in_c);
    divide(&s);
    s.m_pitch = cairn_min(PASS_COLUMNS, padded(s.out_c));
    s.v_plane = plane_of(s.block, s.v_pitch);
    s.m_plane = plane_of(s.block, s.m_pitch);
    s.u_plane = (int64_t)cairn_gemm_packed(s.in_c, s.out_c);
    return s;
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return !site->training && !cairn_is_float(&site->out[0]) && attrs->groups == 1 && w->k_h == 3 &&
           w->k_w == 3 && w->stride_h == 1 && w->stride_w == 1 && w->dilation_h == 1 && w->dilation_w == 1 &&
           site->in[0].c >= CAIRN_LANES && site->out[0].c >= CAIRN_LANES;
}

static void plan_of(cairn_site *site, int m)
{
    setup s = setup_of(site, m);
    site->units = s.blocks * s.parts;
    site->unit_flops = 2 * s.products * s.block * s.in_c * cairn_min(s.columns, s.out_c);
    site->packed = (size_t)(s.products * s.u_plane) * sizeof(float);
    site->pack_units = cairn_ceil_div(s.out_c, CAIRN_GEMM_COLUMNS);
    site->in_packed = 1u << 1;
    site->scratch = (size_t)(s.products * (s.v_plane + s.m_plane) + s.v_pitch) * sizeof(float);
}

/* ---- weights ---- */

CAIRN_INLINE void pack_vector(const setup *s, const float *w, vec_mask mask, float *to, const int m)
{
    wide taps[3][3], columns[3][CAIRN_WINOGRAD_MOST], rows[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            taps[j][i] = wide_of(vec_load_part(w + (i * 3 + j) * s->in_c * s->out_c, mask));
    for (int j = 0; j < 3; j++)
        cairn_winograd_kernel(taps[j], columns[j], m);
    for (int i = 0; i < t; i++) {
        wide row[3] = {columns[0][i], columns[1][i], columns[2][i]};
        cairn_winograd_kernel(row, rows, m);
        for (int j = 0; j < t; j++)
            vec_store(to + (i * t + j) * s->u_plane, wide_round(rows[j]));
    }
}

CAIRN_INLINE void pack_of(const cairn_work *work, const int m)
{
    setup s = setup_of(work->site, m);
    const float *w = cairn_params_of(&work->in[1]);
    int64_t end = cairn_min(work->end * CAIRN_GEMM_COLUMNS, s.out_c);
    for (int64_t column = work->begin * CAIRN_GEMM_COLUMNS, width; column < end; column += width) {
        width = cairn_gemm_panel(s.out_c - column);
        float *panel = (float *)(void *)work->packed + column * s.in_c;
        for (int64_t c = 0; c < s.in_c; c++)
            for (int64_t v = 0; v < width; v += CAIRN_LANES)
                pack_vector(&s, w + c * s.out_c + column + v, vec_first(s.out_c - column - v),
                            panel + c * width + v, m);
    }
}

/* ---- tiles ---- */

/* Where a tile begins in the output, and its image. */
typedef struct tile {
    int64_t image, y, x;
} tile;

static tile tile_at(const setup *s, int64_t number)
{
    int64_t image = number / s->tiles, within = number % s->tiles;
    return (tile){image, within / s->tiles_w * s->m, within % s->tiles_w * s->m};
}

/* Pointers to the pixels that a tile sees; those outside the picture are zeros. */
CAIRN_INLINE void find_pixels(const setup *s, const cairn_operand *x, tile at, const real *zeros,
                              const real **pixel, const int t)
{
    const cairn_window *w = &s->attrs->geometry.window;
    const real *image = cairn_image_of(x, at.image);
    int64_t top = at.y - w->pad_top, left = at.x - w->pad_left;
    for (int64_t i = 0; i < t; i++)
        for (int64_t j = 0; j < t; j++) {
            bool inside = top + i >= 0 && top + i < x->h && left + j >= 0 && left + j < x->w;
            pixel[i * t + j] =
                inside ? image + (top + i) * cairn_row_stride(x) + (left + j) * x->pitch : zeros;
        }
}

CAIRN_INLINE void input_vector(const real *const *pixel, int64_t c, vec_mask mask, float *to, int64_t plane,
                               const int m)
{
    vec half[CAIRN_WINOGRAD_MOST][CAIRN_WINOGRAD_MOST], in[CAIRN_WINOGRAD_MOST], out[CAIRN_WINOGRAD_MOST];
    const int t = m + 2;
    for (int j = 0; j < t; j++) {
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            in[i] = vec_load_part(pixel[i * t + j] + c, mask);
        cairn_winograd_input(in, out, m);
        CAIRN_UNROLL
        for (int i = 0; i < t; i++)
            half[i][j] = out[i];
    }
    for (int i = 0; i < t; i++) {
        cairn_winograd_input(half[i], out, m);
        CAIRN_UNROLL
        for (int j = 0; j < t; j++)
            vec_store(to + (i * t + j) * plane, out[j]);
    }
}

CAIRN_INLINE void transform_inputs(const cairn_work *work, const setup *s, int64_t first, int64_t count,
                                   float *v, const int m)
{
    const real *pixel[CAIRN_WINOGRAD_MOST * CAIRN_WINOGRAD_MOST];
    real *zeros = (real *)(void *)(v + s->products * s->v_plane);
    memset(zeros, 0, (size_t)s->v_pitch * sizeof *zeros);
    for (int64_t i = 0; i < count; i++) {
        find_pixels(s, &work->in[0], tile_at(s, first + i), zeros, pixel, m + 2);
        float *to = v + i * s->v_pitch;
        int64_t c = 0;
        for (; c + CAIRN_LANES <= s->in_c; c += CAIRN_LANES)
            input_vector(pixel, c, vec_first(CAIRN_LANES), to + c, s->v_plane, m);
        if (c < s->in_c)
            input_vector(pixel, c, vec_first(s->in_c - c), to + c, s->v_plane, m);
    }
}

/* M = V U for output channels column ... column + columns - 1. */
static void multiply(const cairn_work *work, const setup *s, int64_t count, int64_t column, int64_t columns,
                     const float *v, float *m)
{
    const void *a[CAIRN_GEMM_ROWS];
    void *c[CAIRN_GEMM_ROWS];
    const float *u = (const float *)(const void *)work->packed + column * s->in_c;
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
                            .floor = -INFINITY};
    for (int product = 0; product < s->products; product++) {
        for (int64_t i = 0; i < count; i++) {
            a[i] = v + product * s->v_plane + i * s->v_pitch;
            c[i] = m + product * s->m_plane + i * s->m_pitch;
        }
        gemm.b = u + product * s->u_plane;
        CAIRN_SIMD_FLOAT(cairn_gemm_rows)(&gemm);
    }
}

/* What stands behind the sums: y = max(floor, sum + bias + addend). */
typedef struct behind {
    const float *bias;  /* NULL: none */
    const real *addend; /* likewise */
    int64_t addend_row, addend_pitch;
    vec floor;
} behind;

CAIRN_INLINE void output_vector(const float *from, int64_t plane, const behind *b, vec_mask mask, real *to,
                                const cairn_operand *y, int64_t rows, int64_t columns, const int m)
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
    for (int64_t i = 0; i < rows; i++) {
        cairn_winograd_output(half[i], out, m);
        for (int64_t j = 0; j < columns; j++) {
            vec sum = out[j] + bias;
            if (b->addend != NULL)
                sum += vec_load_part(b->addend + i * b->addend_row + j * b->addend_pitch, mask);
            vec_store_part(to + i * cairn_row_stride(y) + j * y->pitch, vec_max(b->floor, sum), mask);
        }
    }
}

CAIRN_INLINE void transform_outputs(const cairn_work *work, const setup *s, int64_t first, int64_t count,
                                    int64_t column, int64_t columns, const float *from, const int m)
{
    const cairn_operand *y = &work->out[0], *addend = &work->in[3];
    bool adds = cairn_has(work->site, 3);
    behind b = {.addend_row = cairn_row_stride(addend),
                .addend_pitch = addend->pitch,
                .floor = vec_set(s->attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY)};
    for (int64_t i = 0; i < count; i++) {
        tile at = tile_at(s, first + i);
        int64_t rows = cairn_min(m, y->h - at.y), width = cairn_min(m, y->w - at.x);
        real *to = cairn_image_of(y, at.image) + at.y * cairn_row_stride(y) + at.x * y->pitch + column;
        const real *other =
            adds ? cairn_image_of(addend, at.image) + at.y * b.addend_row + at.x * b.addend_pitch + column
                 : NULL;
        for (int64_t c = 0; c < columns; c += CAIRN_LANES) {
            b.bias = cairn_has(work->site, 2) ? cairn_params_of(&work->in[2]) + column + c : NULL;
            b.addend = adds ? other + c : NULL;
            output_vector(from + i * s->m_pitch + c, s->m_plane, &b, vec_first(columns - c), to + c, y, rows,
                          width, m);
        }
        if (s->attrs->act != CAIRN_ACT_NONE && s->attrs->act != CAIRN_ACT_RELU)
            for (int64_t row = 0; row < rows; row++)
                for (int64_t k = 0; k < width; k++) {
                    real *p = to + row * cairn_row_stride(y) + k * y->pitch;
                    vec_activate_span(s->attrs->act, p, p, columns);
                }
    }
}

CAIRN_INLINE void run_of(const cairn_work *work, const int m)
{
    setup s = setup_of(work->site, m);
    float *v = (float *)(void *)work->scratch, *products = v + s.products * s.v_plane + s.v_pitch;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t first = unit / s.parts * s.block;
        int64_t count = cairn_min(s.block, work->run->n * s.tiles - first);
        int64_t begin = unit % s.parts * s.columns, end = cairn_min(begin + s.columns, s.out_c);
        if (count <= 0)
            continue;
        transform_inputs(work, &s, first, count, v, m);
        for (int64_t column = begin; column < end; column += PASS_COLUMNS) {
            int64_t columns = cairn_min(PASS_COLUMNS, end - column);
            multiply(work, &s, count, column, columns, v, products);
            transform_outputs(work, &s, first, count, column, columns, products, m);
        }
    }
}

#define WINOGRAD(m)                                                                                          \
    static void plan_##m(cairn_site *site)                                                                   \
    {                                                                                                        \
        plan_of(site, m);                                                                                    \
    }                                                                                                        \
    static void pack_##m(const cairn_work *work)                                                             \
    {                                                                                                        \
        pack_of(work, m);                                                                                    \
    }                                                                                                        \
    static void run_##m(const cairn_work *work)                                                              \
    {                                                                                                        \
        run_of(work, m);                                                                                     \
    }                                                                                                        \
    static double cost_##m(const cairn_site *site, const cairn_machine *machine)                             \
    {                                                                                                        \
        return cairn_conv2d_cost_winograd(site, machine, m);                                                 \
    }                                                                                                        \
    const cairn_kernel CAIRN_KERNEL(conv2d_winograd##m) = {.name = "winograd" #m,                            \
                                                           .isa = CAIRN_KERNEL_ISA,                          \
                                                           .precisions = CAIRN_KERNEL_PRECISION,             \
                                                           .fits = fits,                                     \
                                                           .cost = cost_##m,                                 \
                                                           .plan = plan_##m,                                 \
                                                           .pack = pack_##m,                                 \
                                                           .run = run_##m};

WINOGRAD(4)
/* The errors of F(6, 3) are four times those of F(4, 3) and of direct sums. In floats they would show: logits
 * of vgg13_bn with random weights err by 2.7e-5 of the largest with it and by 6.8e-6 without. */
#if defined(CAIRN_STORE_BF16)
WINOGRAD(6)
#endif
