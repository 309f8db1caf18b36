/* Gradient of a 3 x 3 convolution at stride 1 with respect to its weights, by Winograd's F(4, 3), see
 * winograd/winograd.h. For a block of input and one of output channels, some tiles at a time:
 *
 *     V[product][tile][input channel]                     transformed pictures
 *     D[product][tile][output channel]                    transformed gradients
 *     S[product][input channel][output channel]           += V[product]' D[product]
 *
 * and at last dw from S. */
#include "ops/conv2d/cost.h"
#include "ops/conv2d_bwd_weights/blocks.h"
#include "ops/gemm/gemm.h"
#include "ops/winograd/tiles.h"

enum { M = 4, T = M + 2, PRODUCTS = T * T };
#define MOST_TILES 56 /* at a time: those of a product and two blocks fill the first cache */

#define CHANNELS_AT_ONCE 24

typedef struct setup {
    const cairn_window *window;
    cairn_channel_blocks in, out;
    cairn_winograd_tiles tiles;
    bool by_weights;
    int64_t at_once;                   /* tiles, or fewer */
    int64_t v_plane, d_plane, s_plane; /* elements from product to product */
} setup;

static bool fits(const cairn_site *site)
{
    return cairn_winograd_can(site, site->attrs, &site->in[0], &site->in[1]);
}

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    setup s = {.window = &attrs->geometry.window,
               .in = cairn_channel_blocks_of(site->in[0].c),
               .out = cairn_channel_blocks_of(site->in[1].c),
               .tiles = cairn_winograd_tiles_of(&site->in[1], M),
               .by_weights = cairn_unit_is_weights(site)};
    s.at_once = cairn_min(s.tiles.count * site->capacity, MOST_TILES);
    s.v_plane = cairn_winograd_plane(s.at_once, s.in.width);
    s.d_plane = cairn_winograd_plane(s.at_once, s.out.width);
    s.s_plane = cairn_winograd_plane(s.in.width, s.out.width);
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    int64_t blocks = s.in.count * s.out.count,
            flops = 2 * PRODUCTS * s.tiles.count * site->in[0].c * site->in[1].c;
    site->scratch =
        (size_t)(PRODUCTS * (s.v_plane + s.d_plane + s.s_plane) + CAIRN_BLOCK_WIDTH) * sizeof(float);
    if (!s.by_weights) {
        cairn_unit_is_image(site, flops);
        return;
    }
    site->units = blocks;
    site->unit_flops = site->capacity * flops / blocks;
}

/* ---- a pair of blocks ---- */

typedef struct pair {
    int64_t in, out;     /* their first channels */
    int64_t in_c, out_c; /* how many */
    real *zeros;
    float *v, *d, *s;
} pair;

static pair pair_of(const cairn_work *work, const setup *s, int64_t number)
{
    int64_t in = number / s->out.count, out = number % s->out.count;
    pair p = {.in = in * s->in.width,
              .out = out * s->out.width,
              .in_c = cairn_block_channels(&s->in, in),
              .out_c = cairn_block_channels(&s->out, out),
              .zeros = (real *)(void *)work->scratch};
    p.v = (float *)(void *)work->scratch + CAIRN_BLOCK_WIDTH;
    p.d = p.v + PRODUCTS * s->v_plane;
    p.s = p.d + PRODUCTS * s->d_plane;
    memset(p.zeros, 0, CAIRN_BLOCK_WIDTH * sizeof *p.zeros);
    return p;
}

static void transform(const cairn_work *work, const setup *s, const pair *p, int64_t first, int64_t count)
{
    const real *pixel[PRODUCTS];
    cairn_operand x = work->in[0], dy = work->in[1];
    x.data = (char *)(void *)(cairn_image_of(&x, 0) + p->in);
    dy.data = (char *)(void *)(cairn_image_of(&dy, 0) + p->out);
    for (int64_t i = 0; i < count; i++) {
        cairn_winograd_tile at = cairn_winograd_tile_at(&s->tiles, first + i);
        cairn_winograd_pixels(&x, at.image, at.y - s->window->pad_top, at.x - s->window->pad_left, T,
                              p->zeros, pixel);
        cairn_winograd_transform(pixel, T, p->in_c, cairn_winograd_input, p->v + i * s->in.width, s->v_plane,
                                 M, false);
        cairn_winograd_pixels(&dy, at.image, at.y, at.x, M, p->zeros, pixel);
        cairn_winograd_transform(pixel, M, p->out_c, cairn_winograd_output_gradient, p->d + i * s->out.width,
                                 s->d_plane, M, false);
    }
}

/* S of the input channels c ... c + count - 1 of the block. */
static void multiply(const setup *s, const pair *p, int64_t c, int64_t count, int64_t tiles, bool add)
{
    cairn_gemm_outer gemm = {.count = {tiles, 1, 1},
                             .a_step = {s->in.width, 0, 0},
                             .b_step = {s->out.width, 0, 0},
                             .p = count,
                             .n = p->out_c,
                             .ldc = s->out.width,
                             .add = add};
    for (int product = 0; product < PRODUCTS; product++) {
        gemm.a = p->v + product * s->v_plane + c;
        gemm.b = p->d + product * s->d_plane;
        gemm.c = p->s + product * s->s_plane;
        CAIRN_SIMD_FLOAT(cairn_gemm_outer)(&gemm);
    }
}

static void finish(const setup *s, const pair *p, int64_t c, int64_t count, const cairn_operand *dw)
{
    int64_t tap = s->in.channels * s->out.channels;
    for (int64_t k = 0; k < count; k++)
        for (int64_t n = 0; n < p->out_c; n += CAIRN_LANES)
            cairn_winograd_weights_gradient(p->s + k * s->out.width + n, s->s_plane,
                                            cairn_params_of(dw) + (p->in + c + k) * s->out.channels + p->out +
                                                n,
                                            tap, vec_first(p->out_c - n), M);
}

/* Of tiles first ... end - 1. If they are taken at once, S is finished some channels at a time, while it is
 * in the cache. */
static void run_pair(const cairn_work *work, const setup *s, int64_t number, int64_t first, int64_t end)
{
    pair p = pair_of(work, s, number);
    int64_t times = cairn_ceil_div(end - first, s->at_once), at_once = cairn_ceil_div(end - first, times);
    int64_t step = times > 1 ? p.in_c : cairn_min(p.in_c, CHANNELS_AT_ONCE);
    for (int64_t tile = first; tile < end; tile += at_once) {
        int64_t count = cairn_min(at_once, end - tile);
        transform(work, s, &p, tile, count);
        for (int64_t c = 0; c < p.in_c; c += step) {
            int64_t channels = cairn_min(step, p.in_c - c);
            multiply(s, &p, c, channels, count, tile > first);
            if (tile + count == end)
                finish(s, &p, c, channels, &work->out[0]);
        }
    }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    int64_t blocks = s.in.count * s.out.count;
    if (s.by_weights)
        for (int64_t unit = work->begin; unit < work->end; unit++)
            run_pair(work, &s, unit, 0, work->run->n * s.tiles.count);
    else
        for (int64_t number = 0; number < blocks; number++)
            run_pair(work, &s, number, work->begin * s.tiles.count, work->end * s.tiles.count);
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    setup s = setup_of(site);
    return cairn_conv2d_cost_winograd_weights(site, machine, M, s.in.count, s.out.count);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_winograd) = {.name = "winograd4",
                                                                .isa = CAIRN_KERNEL_ISA,
                                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                                .fits = fits,
                                                                .cost = cost,
                                                                .plan = plan,
                                                                .run = run};
