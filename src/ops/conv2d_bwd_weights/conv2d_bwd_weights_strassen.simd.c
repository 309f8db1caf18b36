/* Gradient of the weights of a 1 x 1 convolution by Strassen's product, see gemm/strassen.h: dW = X' dY,
 * where X' is cut into halves of its channels and of its pixels, dY into halves of pixels and channels. Every
 * second pixel of an image is paired with its neighbour. Some pairs at a time are copied into the seven
 * factors of either side,
 *
 *     F[factor][block of channels][pair][channel]
 *
 * whose products are added up over the whole work,
 *
 *     P[product][channel of x][channel of dy]          += F[product]' G[product]
 *
 * and at last summed up to the quarters of dW. What the sums cost that way does not grow with the pixels. */
#include "ops/conv2d/cost.h"
#include "ops/conv2d_bwd_weights/blocks.h"
#include "ops/gemm/pointwise.h"

#define PRODUCTS CAIRN_STRASSEN_PRODUCTS
#define CHUNK_PAIRS 160     /* that are copied at a time, or fewer ... */
#define CHUNK_FLOATS 400000 /* ... if they are more floats, */
#define CHUNK_LEAST 64      /* but not fewer than these */
#define MIN_UNITS 16

/* A side of the product: x or dy, the channels of its halves, and which blocks of them a unit works on. */
typedef struct side {
    cairn_channel_blocks blocks;
    int64_t pitch;       /* floats from pair to pair of a factor */
    int64_t at_once;     /* blocks of a unit */
    int64_t begin, end;  /* blocks of this unit */
    int64_t row, column; /* elements between the pixels that are taken */
} side;

typedef struct setup {
    side x, dy;
    int64_t width, pixels; /* of a row, of an image */
    int64_t half;          /* pairs of an image */
    int64_t pairs;         /* at a time */
    bool by_weights;
    int64_t ldp, plane; /* floats from row to row and from product to product of P */
} setup;

static side side_of(const cairn_operand *from, int64_t stride_h, int64_t stride_w)
{
    side s = {.blocks = cairn_channel_blocks_of(from->c / 2),
              .row = stride_h * cairn_row_stride(from),
              .column = stride_w * from->pitch};
    s.pitch = cairn_block_pitch(&s.blocks);
    s.at_once = s.end = s.blocks.count;
    return s;
}

static bool fits(const cairn_site *site)
{
    return cairn_pointwise_can(site, site->attrs, &site->in[0], &site->in[1]);
}

static int64_t factor_floats(const setup *s, const side *of)
{
    return of->at_once * s->pairs * of->pitch;
}

static setup setup_of(const cairn_site *site)
{
    const cairn_window *w = &((const cairn_conv2d_attrs *)site->attrs)->geometry.window;
    const cairn_operand *dy = &site->in[1];
    setup s = {.x = side_of(&site->in[0], w->stride_h, w->stride_w),
               .dy = side_of(dy, 1, 1),
               .width = dy->w,
               .pixels = dy->h * dy->w,
               .by_weights = cairn_unit_is_weights(site)};
    s.half = cairn_ceil_div(s.pixels, 2);
    side *longer = s.x.blocks.count >= s.dy.blocks.count ? &s.x : &s.dy;
    if (s.by_weights)
        longer->at_once = cairn_ceil_div(longer->blocks.count, MIN_UNITS);
    int64_t floats = PRODUCTS * (s.x.at_once * s.x.pitch + s.dy.at_once * s.dy.pitch);
    s.pairs = cairn_max(cairn_min(CHUNK_PAIRS, CHUNK_FLOATS / floats), CHUNK_LEAST);
    s.ldp = cairn_gemm_row_pitch(s.dy.at_once * s.dy.blocks.width);
    s.plane = s.x.at_once * s.x.blocks.width * s.ldp;
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    int64_t flops = 2 * site->out[0].elements * s.pixels;
    site->scratch =
        (size_t)(PRODUCTS * (factor_floats(&s, &s.x) + factor_floats(&s, &s.dy) + s.plane)) * sizeof(float);
    if (!s.by_weights) {
        cairn_unit_is_image(site, flops);
        return;
    }
    site->units =
        cairn_ceil_div(s.x.blocks.count, s.x.at_once) * cairn_ceil_div(s.dy.blocks.count, s.dy.at_once);
    site->unit_flops = site->capacity * flops / site->units;
}

/* ---- factors ---- */

/* Quarters of the left or of the right matrix, and the factors that they become, by number of the product. */
typedef void factors_of(vec q11, vec q12, vec q21, vec q22, vec factor[PRODUCTS]);

CAIRN_INLINE void left_factors(vec a11, vec a12, vec a21, vec a22, vec factor[PRODUCTS])
{
    vec s1 = a21 + a22, s2 = s1 - a11;
    factor[0] = a11;
    factor[1] = a12;
    factor[2] = s2;
    factor[3] = a11 - a21;
    factor[4] = a22;
    factor[5] = s1;
    factor[6] = a12 - s2;
}

CAIRN_INLINE void right_factors(vec b11, vec b12, vec b21, vec b22, vec factor[PRODUCTS])
{
    vec t1 = b12 - b11, t2 = b22 - t1;
    factor[0] = b11;
    factor[1] = b21;
    factor[2] = t2;
    factor[3] = b22 - b12;
    factor[4] = b21 - t2;
    factor[5] = t1;
    factor[6] = b22;
}

/* The factors of a pair of pixels; the second is NULL where there is none. `turned`: pixels are columns of
 * the matrix, as they are in X'. */
CAIRN_INLINE void copy_pair(const side *s, const float *first, const float *second, factors_of *factors,
                            const bool turned, float *to, int64_t block_step, int64_t factor_step)
{
    int64_t half = s->blocks.channels;
    for (int64_t block = s->begin; block < s->end; block++, to += block_step) {
        int64_t begin = block * s->blocks.width, count = cairn_block_channels(&s->blocks, block);
        for (int64_t c = 0; c < count; c += CAIRN_LANES) {
            vec factor[PRODUCTS], low = vec_load(first + begin + c),
                                  high = vec_load(first + half + begin + c);
            vec next_low = second != NULL ? vec_load(second + begin + c) : (vec){0};
            vec next_high = second != NULL ? vec_load(second + half + begin + c) : (vec){0};
            if (turned)
                factors(low, next_low, high, next_high, factor);
            else
                factors(low, high, next_low, next_high, factor);
            CAIRN_UNROLL
            for (int i = 0; i < PRODUCTS; i++)
                vec_store(to + i * factor_step + c, factor[i]);
        }
    }
}

static const float *pixel_of(const setup *s, const side *of, const float *image, int64_t pixel)
{
    return image + pixel / s->width * of->row + pixel % s->width * of->column;
}

/* Of the pairs first ... first + count - 1 of the batch. */
CAIRN_INLINE void copy_pairs(const setup *s, const side *of, const cairn_operand *from, int64_t first,
                             int64_t count, factors_of *factors, const bool turned, float *to)
{
    int64_t block_step = s->pairs * of->pitch, factor_step = factor_floats(s, of);
    for (int64_t pair = first; pair < first + count; pair++, to += of->pitch) {
        const float *image = cairn_image_of(from, pair / s->half);
        int64_t pixel = 2 * (pair % s->half);
        copy_pair(of, pixel_of(s, of, image, pixel),
                  pixel + 1 < s->pixels ? pixel_of(s, of, image, pixel + 1) : NULL, factors, turned, to,
                  block_step, factor_step);
    }
}

/* ---- products ---- */

typedef struct parts {
    float *x, *dy, *p;
} parts;

static void multiply(const setup *s, const parts *at, int64_t pairs, bool add)
{
    cairn_gemm_outer gemm = {
        .count = {pairs, 1, 1}, .a_step = {s->x.pitch}, .b_step = {s->dy.pitch}, .ldc = s->ldp, .add = add};
    for (int64_t product = 0; product < PRODUCTS; product++)
        for (int64_t c = s->x.begin; c < s->x.end; c++)
            for (int64_t n = s->dy.begin; n < s->dy.end; n++) {
                gemm.a = at->x + product * factor_floats(s, &s->x) + (c - s->x.begin) * s->pairs * s->x.pitch;
                gemm.b =
                    at->dy + product * factor_floats(s, &s->dy) + (n - s->dy.begin) * s->pairs * s->dy.pitch;
                gemm.c = at->p + product * s->plane + (c - s->x.begin) * s->x.blocks.width * s->ldp +
                         (n - s->dy.begin) * s->dy.blocks.width;
                gemm.p = cairn_block_channels(&s->x.blocks, c);
                gemm.n = cairn_block_channels(&s->dy.blocks, n);
                CAIRN_SIMD(cairn_gemm_outer)(&gemm);
            }
}

/* The quarters of dW from P. */
static void finish(const setup *s, const float *p, float *dw)
{
    int64_t k = s->x.blocks.channels, n = s->dy.blocks.channels;
    int64_t row = s->x.begin * s->x.blocks.width, rows = cairn_min(s->x.end * s->x.blocks.width, k);
    int64_t column = s->dy.begin * s->dy.blocks.width, columns = cairn_min(s->dy.end * s->dy.blocks.width, n);
    for (int64_t r = row; r < rows; r++, p += s->ldp)
        for (int64_t c = column; c < columns; c += CAIRN_LANES) {
            float *to = dw + r * 2 * n + c;
            vec product[PRODUCTS];
            CAIRN_UNROLL
            for (int i = 0; i < PRODUCTS; i++)
                product[i] = vec_load(p + i * s->plane + c - column);
            vec u = product[0] + product[2], v = u + product[3];
            vec_store(to, product[0] + product[1]);
            vec_store(to + n, (u + product[5]) + product[6]);
            vec_store(to + k * 2 * n, v + product[4]);
            vec_store(to + k * 2 * n + n, v + product[5]);
        }
}

/* The blocks that s names, from images begin ... end - 1. */
static void run_blocks(const cairn_work *work, const setup *s, int64_t begin, int64_t end)
{
    parts at = {.x = (float *)(void *)work->scratch};
    at.dy = at.x + PRODUCTS * factor_floats(s, &s->x);
    at.p = at.dy + PRODUCTS * factor_floats(s, &s->dy);
    for (int64_t pair = begin * s->half; pair < end * s->half; pair += s->pairs) {
        int64_t pairs = cairn_min(s->pairs, end * s->half - pair);
        copy_pairs(s, &s->x, &work->in[0], pair, pairs, left_factors, true, at.x);
        copy_pairs(s, &s->dy, &work->in[1], pair, pairs, right_factors, false, at.dy);
        multiply(s, &at, pairs, pair > begin * s->half);
    }
    finish(s, at.p, cairn_params_of(&work->out[0]));
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (!s.by_weights) {
        run_blocks(work, &s, work->begin, work->end);
        return;
    }
    int64_t across = cairn_ceil_div(s.dy.blocks.count, s.dy.at_once);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        s.x.begin = unit / across * s.x.at_once;
        s.x.end = cairn_min(s.x.begin + s.x.at_once, s.x.blocks.count);
        s.dy.begin = unit % across * s.dy.at_once;
        s.dy.end = cairn_min(s.dy.begin + s.dy.at_once, s.dy.blocks.count);
        run_blocks(work, &s, 0, work->run->n);
    }
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    setup s = setup_of(site);
    return cairn_conv2d_cost_strassen_weights(site, machine, s.pairs,
                                              cairn_ceil_div(s.x.blocks.count, s.x.at_once),
                                              cairn_ceil_div(s.dy.blocks.count, s.dy.at_once));
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_strassen) = {.name = "strassen",
                                                                .isa = CAIRN_KERNEL_ISA,
                                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                                .fits = fits,
                                                                .cost = cost,
                                                                .plan = plan,
                                                                .run = run};
