/* Gradient of a convolution with respect to its weights, by the outer form of the matrix product: some rows
 * or images at a time are copied into blocks of neighbouring channels, so that a product finds its numbers
 * close together whatever the pictures' pitch. Where words are of two pixels, they are copied with those that
 * neighbouring pixels of dy meet: of dy every second pixel with its neighbour, and of x likewise under a
 * window of one pixel, else each pixel with that one stride on, since other taps meet them in other pairs. */
#include "ops/conv2d/cost.h"
#include "ops/conv2d_bwd_weights/blocks.h"
#include "ops/conv2d_bwd_weights/words.h"

/* Pixels of dy that are copied at a time, or some more; floats, if that are CHUNK_LEAST pixels. */
#define CHUNK_PIXELS (CAIRN_WORD_PIXELS == 2 ? 240 : 160)
#define CHUNK_FLOATS 200000
#define CHUNK_LEAST 48
#define MIN_UNITS 16
#define MIN_TAP_BLOCKS 4  /* of a unit of the weights: copying should cost little beside the products */
#define LEAST_CHANNELS 16 /* of x: fewer had better be taken a row of the window at a time */

/* One picture's way into blocks: rows and columns, or every stride-th alone where the window is one pixel. */
typedef struct source {
    cairn_operand from;
    cairn_channel_blocks blocks;
    int64_t pick_h, pick_w;    /* take each so manieth */
    int64_t pad_top, pad_left; /* zeros around */
    int64_t columns;           /* that are there to take, with padding */
    int64_t hop, second;       /* from word to word, and from the first to the second pixel of a word */
    int64_t pitch;             /* of packed pixels */
    int64_t rows, w;           /* packed, of an image of a chunk; w counts words */
    int64_t begin, end;        /* blocks of the unit */
} source;

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    source x, dy;
    bool by_weights;
    int64_t rows, images;   /* of dy in a chunk */
    int64_t c_step, n_step; /* blocks of a unit */
    int64_t units;
} setup;

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return attrs->groups == 1 && site->in[0].c >= LEAST_CHANNELS && site->in[1].c >= CAIRN_LANES &&
           site->in[1].h * site->in[1].w > 1;
}

/* Rows of x that so many rows of dy see, where they are packed. */
static int64_t rows_seen(const setup *s, int64_t rows)
{
    const cairn_window *w = &s->attrs->geometry.window;
    return w->k_h == 1 ? rows : (rows - 1) * w->stride_h + (w->k_h - 1) * w->dilation_h + 1;
}

static size_t source_floats(const setup *s, const source *p, int64_t blocks)
{
    return (size_t)(s->images * p->rows * p->w * p->pitch * blocks);
}

/* The longer side is divided: then copying costs least. */
static void divide_weights(setup *s)
{
    const cairn_window *w = &s->attrs->geometry.window;
    int64_t *step = s->x.blocks.count >= s->dy.blocks.count ? &s->c_step : &s->n_step;
    int64_t least = cairn_ceil_div(MIN_TAP_BLOCKS, (int64_t)w->k_h * w->k_w);
    *step = cairn_min(cairn_max(cairn_ceil_div(*step, MIN_UNITS), least), *step);
    s->units = cairn_ceil_div(s->x.blocks.count, s->c_step) * cairn_ceil_div(s->dy.blocks.count, s->n_step);
}

static void choose_chunk(setup *s, const cairn_operand *dy)
{
    int64_t channels = s->c_step * s->x.blocks.width + s->n_step * s->dy.blocks.width;
    int64_t pixels = cairn_max(cairn_min(CHUNK_PIXELS, CHUNK_FLOATS / channels), CHUNK_LEAST);
    s->rows = cairn_min(cairn_ceil_div(pixels, dy->w), dy->h);
    s->rows = cairn_ceil_div(dy->h, cairn_ceil_div(dy->h, s->rows));
    s->images = cairn_max(pixels / (dy->h * dy->w), 1);
}

/* Where windows are pixels and rows of an odd number of them would end with half a word, an image is one row.
 */
static cairn_operand picture_of(const cairn_operand *x, const cairn_window *w)
{
    bool pixels = w->k_h == 1 && w->k_w == 1 && w->stride_h == 1 && w->stride_w == 1 && w->pad_top == 0 &&
                  w->pad_bottom == 0 && w->pad_left == 0 && w->pad_right == 0;
    cairn_operand picture = *x;
    if (pixels && x->w % CAIRN_WORD_PIXELS != 0) {
        picture.w = x->h * x->w;
        picture.h = 1;
    }
    return picture;
}

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    const cairn_operand x = picture_of(&site->in[0], w), dy = picture_of(&site->in[1], w);
    setup s = {.attrs = attrs, .by_weights = cairn_unit_is_weights(site), .units = 1};
    s.x = (source){.from = x,
                   .blocks = cairn_channel_blocks_of(x.c),
                   .pick_h = w->k_h == 1 ? w->stride_h : 1,
                   .pick_w = w->k_w == 1 ? w->stride_w : 1,
                   .pad_top = w->pad_top,
                   .pad_left = w->pad_left,
                   .columns = w->k_w == 1 ? dy.w : x.w + w->pad_left + w->pad_right,
                   .hop = w->k_w == 1 ? CAIRN_WORD_PIXELS : 1,
                   .second = w->k_w == 1 ? 1 : w->stride_w};
    s.dy = (source){.from = dy,
                    .blocks = cairn_channel_blocks_of(dy.c),
                    .pick_h = 1,
                    .pick_w = 1,
                    .columns = dy.w,
                    .hop = CAIRN_WORD_PIXELS,
                    .second = 1};
    s.x.pitch = cairn_block_pitch(&s.x.blocks);
    s.dy.pitch = cairn_block_pitch(&s.dy.blocks);
    s.x.w = cairn_ceil_div(s.x.columns, s.x.hop);
    s.dy.w = cairn_ceil_div(s.dy.columns, s.dy.hop);
    s.c_step = s.x.blocks.count;
    s.n_step = s.dy.blocks.count;
    if (s.by_weights)
        divide_weights(&s);
    choose_chunk(&s, &dy);
    s.dy.rows = s.rows;
    s.x.rows = rows_seen(&s, s.rows);
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[1];
    int64_t flops = 2 * dy->h * dy->w * site->out[0].elements;
    site->scratch = (source_floats(&s, &s.x, s.c_step) + source_floats(&s, &s.dy, s.n_step)) * sizeof(float);
    if (!s.by_weights) {
        cairn_unit_is_image(site, flops);
        return;
    }
    site->units = s.units;
    site->unit_flops = site->capacity * flops / s.units;
}

/* ---- copying ---- */

/* The channels of a pixel of a row from the first block on; NULL: it is outside the picture. */
CAIRN_INLINE const real *pixel_of(const source *p, const real *row, int64_t column)
{
    int64_t at = column * p->pick_w - p->pad_left;
    bool inside = row != NULL && column < p->columns && at >= 0 && at < p->from.w;
    return inside ? row + at * p->from.pitch + p->begin * p->blocks.width : NULL;
}

/* A word of all blocks, which are `step` floats apart; pixels that are NULL are zeros. */
static void copy_word(const source *p, const real *first, const real *second, float *to, int64_t step)
{
    static const real zeros[CAIRN_BLOCK_WIDTH];
    bool one = first != NULL, two = second != NULL;
    first = one ? first : zeros;
    second = two ? second : zeros;
    for (int64_t block = p->begin; block < p->end; block++, to += step) {
        int64_t channels = cairn_block_channels(&p->blocks, block);
        cairn_copy_words(to, first, second, channels);
        first += one ? channels : 0;
        second += two ? channels : 0;
    }
}

/* to[block][image][row][column][channel], from pixel after pixel as they lie. */
static void copy_chunk(const setup *s, const source *p, int64_t image, int64_t images, int64_t first_row,
                       float *to)
{
    int64_t step = (int64_t)source_floats(s, p, 1);
    for (int64_t i = 0; i < images; i++)
        for (int64_t r = 0; r < p->rows; r++) {
            int64_t y = (first_row + r) * p->pick_h - p->pad_top;
            bool inside = y >= 0 && y < p->from.h;
            const real *row =
                inside ? cairn_image_of(&p->from, image + i) + y * cairn_row_stride(&p->from) : NULL;
            for (int64_t word = 0; word < p->w; word++, to += p->pitch) {
                int64_t column = word * p->hop;
                copy_word(p, pixel_of(p, row, column),
                          CAIRN_WORD_PIXELS == 2 ? pixel_of(p, row, column + p->second) : NULL, to, step);
            }
        }
}

/* ---- products ---- */

/* Adds (or writes) what `rows` rows of `images` images give. */
static void multiply_chunk(const setup *s, const cairn_operand *dw, int64_t rows, int64_t images,
                           const float *x, const float *dy, bool add)
{
    const cairn_window *w = &s->attrs->geometry.window;
    int64_t x_pitch = s->x.pitch, dy_pitch = s->dy.pitch;
    int64_t step_w = (w->k_w == 1 ? 1 : CAIRN_WORD_PIXELS * w->stride_w) * x_pitch,
            step_h = (w->k_h == 1 ? 1 : w->stride_h) * s->x.w * x_pitch;
    cairn_gemm_outer gemm = {.count = {s->dy.w, rows, images},
                             .a_step = {step_w, step_h, s->x.rows * s->x.w * x_pitch},
                             .b_step = {dy_pitch, s->dy.w * dy_pitch, s->dy.rows * s->dy.w * dy_pitch},
                             .ldc = s->dy.blocks.channels,
                             .add = add};
    for (int64_t c = s->x.begin; c < s->x.end; c++)
        for (int64_t tap = 0; tap < (int64_t)w->k_h * w->k_w; tap++)
            for (int64_t n = s->dy.begin; n < s->dy.end; n++) {
                int64_t tap_y = tap / w->k_w * w->dilation_h, tap_x = tap % w->k_w * w->dilation_w;
                gemm.a =
                    x + (int64_t)source_floats(s, &s->x, c - s->x.begin) + (tap_y * s->x.w + tap_x) * x_pitch;
                gemm.b = dy + (int64_t)source_floats(s, &s->dy, n - s->dy.begin);
                gemm.c = cairn_params_of(dw) +
                         (tap * s->x.blocks.channels + c * s->x.blocks.width) * gemm.ldc +
                         n * s->dy.blocks.width;
                gemm.p = cairn_block_channels(&s->x.blocks, c);
                gemm.n = cairn_block_channels(&s->dy.blocks, n);
                CAIRN_SIMD(cairn_gemm_outer)(&gemm);
            }
}

/* The blocks that s names, from images begin ... end - 1. */
static void run_blocks(const cairn_work *work, setup *s, int64_t begin, int64_t end)
{
    float *x = (float *)(void *)work->scratch, *dy = x + source_floats(s, &s->x, s->c_step);
    const cairn_window *w = &s->attrs->geometry.window;
    s->x.from = picture_of(&work->in[0], w);
    s->dy.from = picture_of(&work->in[1], w);
    bool add = false;
    for (int64_t image = begin; image < end; image += s->images)
        for (int64_t row = 0; row < s->dy.from.h; row += s->rows) {
            int64_t images = cairn_min(s->images, end - image), rows = cairn_min(s->rows, s->dy.from.h - row);
            copy_chunk(s, &s->x, image, images, w->k_h == 1 ? row : row * w->stride_h, x);
            copy_chunk(s, &s->dy, image, images, row, dy);
            multiply_chunk(s, &work->out[0], rows, images, x, dy, add);
            add = true;
        }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (!s.by_weights) {
        s.x.end = s.x.blocks.count;
        s.dy.end = s.dy.blocks.count;
        run_blocks(work, &s, work->begin, work->end);
        return;
    }
    int64_t across = cairn_ceil_div(s.dy.blocks.count, s.n_step);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        s.x.begin = unit / across * s.c_step;
        s.x.end = cairn_min(s.x.begin + s.c_step, s.x.blocks.count);
        s.dy.begin = unit % across * s.n_step;
        s.dy.end = cairn_min(s.dy.begin + s.n_step, s.dy.blocks.count);
        run_blocks(work, &s, 0, work->run->n);
    }
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    return cairn_conv2d_cost_direct(site, &site->out[0], &site->in[1],
                                    (double)(site->in[1].h * site->in[1].w), machine);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_blocks) = {.name = "blocks",
                                                              .isa = CAIRN_KERNEL_ISA,
                                                              .precisions = CAIRN_KERNEL_PRECISION,
                                                              .fits = fits,
                                                              .cost = cost,
                                                              .plan = plan,
                                                              .run = run};
