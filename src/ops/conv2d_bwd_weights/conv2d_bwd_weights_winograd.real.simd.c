/* Gradient of a convolution at stride 1 with respect to its weights by Winograd, see winograd/winograd.h: of
 * 3 x 3 and of lines of three taps by F(4, 3), of lines of seven by F(4, 7), of 5 x 5 by F(2, 5). For a block
 * of input and one of output channels, some tiles at a time:
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

#define MOST_TILES 56 /* at a time: those of a product and two blocks fill the first cache */

#define CHANNELS_AT_ONCE 24

typedef struct setup {
    const cairn_window *window;
    cairn_channel_blocks in, out;
    cairn_winograd_tiles tiles;
    int products;
    bool by_weights;
    int64_t at_once;                   /* tiles, or fewer */
    int64_t v_plane, d_plane, s_plane; /* elements from product to product */
} setup;

static setup setup_of(const cairn_site *site, const cairn_winograd_form f)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    setup s = {.window = &attrs->geometry.window,
               .in = cairn_channel_blocks_of(site->in[0].c),
               .out = cairn_channel_blocks_of(site->in[1].c),
               .tiles = cairn_winograd_tiles_of(&attrs->geometry.window, &site->in[1], f),
               .products = cairn_winograd_products(f),
               .by_weights = cairn_unit_is_weights(site)};
    s.at_once = cairn_min(s.tiles.count * site->capacity, MOST_TILES);
    s.v_plane = cairn_winograd_plane(s.at_once, s.in.width);
    s.d_plane = cairn_winograd_plane(s.at_once, s.out.width);
    s.s_plane = cairn_winograd_plane(s.in.width, s.out.width);
    return s;
}

static void plan_of(cairn_site *site, const cairn_winograd_form f)
{
    setup s = setup_of(site, f);
    int64_t blocks = s.in.count * s.out.count,
            flops = 2 * s.products * s.tiles.count * site->in[0].c * site->in[1].c;
    site->scratch =
        (size_t)(s.products * (s.v_plane + s.d_plane + s.s_plane) + CAIRN_BLOCK_WIDTH) * sizeof(float);
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
    p.d = p.v + s->products * s->v_plane;
    p.s = p.d + s->products * s->d_plane;
    memset(p.zeros, 0, CAIRN_BLOCK_WIDTH * sizeof *p.zeros);
    return p;
}

CAIRN_INLINE void transform(const cairn_work *work, const setup *s, const pair *p, int64_t first,
                            int64_t count, const cairn_winograd_form f)
{
    const real *pixel[CAIRN_WINOGRAD_PRODUCTS];
    const int t = cairn_winograd_side(f);
    cairn_operand x = work->in[0], dy = work->in[1];
    x.data = (char *)(void *)(cairn_image_of(&x, 0) + p->in);
    dy.data = (char *)(void *)(cairn_image_of(&dy, 0) + p->out);
    for (int64_t i = 0; i < count; i++) {
        cairn_winograd_tile at = cairn_winograd_tile_at(&s->tiles, first + i);
        cairn_winograd_tile_pixels(&x, &s->tiles, at.image, at.y - s->window->pad_top,
                                   at.x - s->window->pad_left, t, p->zeros, pixel, f);
        cairn_winograd_transform(pixel, t, p->in_c, cairn_winograd_input, p->v + i * s->in.width, s->v_plane,
                                 f, false);
        cairn_winograd_tile_pixels(&dy, &s->tiles, at.image, at.y, at.x, f.m, p->zeros, pixel, f);
        cairn_winograd_transform(pixel, f.m, p->out_c, cairn_winograd_output_gradient,
                                 p->d + i * s->out.width, s->d_plane, f, false);
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
    for (int product = 0; product < s->products; product++) {
        gemm.a = p->v + product * s->v_plane + c;
        gemm.b = p->d + product * s->d_plane;
        gemm.c = p->s + product * s->s_plane;
        CAIRN_SIMD_FLOAT(cairn_gemm_outer)(&gemm);
    }
}

CAIRN_INLINE void finish(const setup *s, const pair *p, int64_t c, int64_t count, const cairn_operand *dw,
                         const cairn_winograd_form f)
{
    int64_t tap = s->in.channels * s->out.channels;
    for (int64_t k = 0; k < count; k++)
        for (int64_t n = 0; n < p->out_c; n += CAIRN_LANES)
            cairn_winograd_weights_gradient(p->s + k * s->out.width + n, s->s_plane,
                                            cairn_params_of(dw) + (p->in + c + k) * s->out.channels + p->out +
                                                n,
                                            tap, vec_first(p->out_c - n), f);
}

/* Of tiles first ... end - 1. If they are taken at once, S is finished some channels at a time, while it is
 * in the cache. */
CAIRN_INLINE void run_pair(const cairn_work *work, const setup *s, int64_t number, int64_t first, int64_t end,
                           const cairn_winograd_form f)
{
    pair p = pair_of(work, s, number);
    int64_t times = cairn_ceil_div(end - first, s->at_once), at_once = cairn_ceil_div(end - first, times);
    int64_t step = times > 1 ? p.in_c : cairn_min(p.in_c, CHANNELS_AT_ONCE);
    for (int64_t tile = first; tile < end; tile += at_once) {
        int64_t count = cairn_min(at_once, end - tile);
        transform(work, s, &p, tile, count, f);
        for (int64_t c = 0; c < p.in_c; c += step) {
            int64_t channels = cairn_min(step, p.in_c - c);
            multiply(s, &p, c, channels, count, tile > first);
            if (tile + count == end)
                finish(s, &p, c, channels, &work->out[0], f);
        }
    }
}

CAIRN_INLINE void run_of(const cairn_work *work, const cairn_winograd_form f)
{
    setup s = setup_of(work->site, f);
    int64_t blocks = s.in.count * s.out.count;
    if (s.by_weights)
        for (int64_t unit = work->begin; unit < work->end; unit++)
            run_pair(work, &s, unit, 0, work->run->n * s.tiles.count, f);
    else
        for (int64_t number = 0; number < blocks; number++)
            run_pair(work, &s, number, work->begin * s.tiles.count, work->end * s.tiles.count, f);
}

#define WEIGHTS_KERNEL(label, form)                                                                          \
    static bool fits_##label(const cairn_site *site)                                                         \
    {                                                                                                        \
        return cairn_winograd_can(site, site->attrs, &site->in[0], &site->in[1], form);                      \
    }                                                                                                        \
    static void plan_##label(cairn_site *site)                                                               \
    {                                                                                                        \
        plan_of(site, form);                                                                                 \
    }                                                                                                        \
    static void run_##label(const cairn_work *work)                                                          \
    {                                                                                                        \
        run_of(work, form);                                                                                  \
    }                                                                                                        \
    static double cost_##label(const cairn_site *site, const cairn_machine *machine)                         \
    {                                                                                                        \
        setup s = setup_of(site, form);                                                                      \
        return cairn_conv2d_cost_winograd_weights(                                                           \
            site, machine, form, (double)(s.tiles.count * site->capacity), s.in.count, s.out.count);         \
    }                                                                                                        \
    const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_winograd##label) = {.name = "winograd" #label,        \
                                                                           .isa = CAIRN_KERNEL_ISA,          \
                                                                           .precisions =                     \
                                                                               CAIRN_KERNEL_PRECISION,       \
                                                                           .fits = fits_##label,             \
                                                                           .cost = cost_##label,             \
                                                                           .plan = plan_##label,             \
                                                                           .run = run_##label};

WEIGHTS_KERNEL(4, CAIRN_WINOGRAD_SQUARE(4, 3))
WEIGHTS_KERNEL(_of5, CAIRN_WINOGRAD_SQUARE(2, 5))
WEIGHTS_KERNEL(_line3, CAIRN_WINOGRAD_LINE(4, 3))
WEIGHTS_KERNEL(_line7, CAIRN_WINOGRAD_LINE(4, 7))
