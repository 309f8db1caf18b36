/* Convolution by the rows form of the matrix product: a row is the window of an output pixel, where it lies.
 * Pixels are taken in blocks that run on over rows and images. Of a picture with few pixels the work is
 * divided by output channels too, so that many pixels use the weights each time they are read. */
#include "ops/conv2d/cost.h"
#include "ops/gemm/patch.h"
#include "ops/simd/functions.h"
#include <math.h>

#define UNIT_FLOPS 1000000
/* Bands of a padded picture overlap, so they had better be large. */
#define BAND_FLOPS 8000000
/* Pixels of a band that use the weights of a group at least, which are few. */
#define GROUP_ROWS 24
/* Of a batch, if there are channels enough: work for many threads. */
#define MIN_UNITS 16

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t k, out_c; /* of a group */
    int64_t depth;    /* words of a column of packed weights */
    int64_t pixels;   /* of an image */
    int64_t span;     /* pixels of a band */
    int64_t bands;    /* of an image */
    int64_t parts;    /* units that a band is divided into by output channels */
    int64_t column;   /* of each group, where those of the unit at hand begin */
    int64_t columns;  /* and how many */
    bool packed;
} setup;

/* Of the weights of a group. */
static int64_t panels_of(const setup *s)
{
    return cairn_ceil_div(s->out_c, CAIRN_GEMM_COLUMNS);
}

/* Units by channels, of whole panels. */
static void divide_columns(const cairn_site *site, setup *s)
{
    s->columns = s->out_c;
    s->parts = 1;
    if (s->attrs->groups > 1)
        return;
    int64_t parts = cairn_min(cairn_ceil_div(MIN_UNITS, s->bands * site->capacity), panels_of(s));
    s->parts = cairn_max(cairn_min(parts, 2 * s->span * s->k * s->out_c / UNIT_FLOPS), 1);
}

static void take_part(setup *s, int64_t part)
{
    int64_t panels = panels_of(s), end = cairn_part_begin(panels, part + 1, s->parts) * CAIRN_GEMM_COLUMNS;
    s->column = cairn_part_begin(panels, part, s->parts) * CAIRN_GEMM_COLUMNS;
    s->columns = cairn_min(end, s->out_c) - s->column;
}

/* Inference packs once. Training packs in every step, but not floats that stay in the first cache whatever
 * their order: that would cost more than it saves. */
#define SMALL_WEIGHTS (32 * 1024 / (int64_t)sizeof(float))

static bool wants_packing(const cairn_site *site, const cairn_conv2d_attrs *attrs)
{
    return !site->training || site->precision == CAIRN_BF16 ||
           (attrs->groups == 1 && site->in[1].elements > SMALL_WEIGHTS);
}

/* Rows of blocks that these are cut into. Panels of the full width take any number well: there blocks are
 * equal, so that threads end together. */
static int64_t even_rows(const setup *s, int64_t rows)
{
    if (s->out_c < CAIRN_GEMM_COLUMNS)
        return cairn_min(CAIRN_GEMM_ROWS, rows);
    return cairn_ceil_div(rows, cairn_ceil_div(rows, CAIRN_GEMM_ROWS));
}

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *y = &site->out[0];
    const cairn_window *w = &attrs->geometry.window;
    bool copied = CAIRN_GEMM_WIDENS && w->k_h * w->k_w > 1; /* windows share pixels, which are widened once */
    setup s = {
        .attrs = attrs, .patch = cairn_patch_of(attrs, &site->in[0], copied), .out_c = y->c / attrs->groups};
    cairn_patch_lay_apart(&s.patch, attrs);
    s.k = s.patch.segments * s.patch.length;
    s.depth = cairn_gemm_depth(s.patch.segments, s.patch.length);
    s.pixels = s.span = y->h * y->w;
    s.packed = wants_packing(site, attrs);
    if (!s.patch.padded) {
        int64_t block_flops = CAIRN_GEMM_ROWS * 2 * s.k * y->c;
        s.span = cairn_min(cairn_ceil_div(UNIT_FLOPS, block_flops) * CAIRN_GEMM_ROWS, s.pixels);
    } else { /* whole rows */
        int64_t row_flops = 2 * s.k * y->c * y->w;
        int64_t least = attrs->groups == 1 ? CAIRN_GEMM_ROWS : GROUP_ROWS;
        int64_t rows = cairn_max(cairn_ceil_div(BAND_FLOPS, row_flops), cairn_ceil_div(least, y->w));
        s.span = cairn_ceil_div(y->h, cairn_ceil_div(y->h, rows)) * y->w;
    }
    s.bands = cairn_ceil_div(s.pixels, s.span);
    if (!s.patch.padded && s.span <= CAIRN_GEMM_ROWS)
        s.span = even_rows(&s, s.pixels);
    divide_columns(site, &s);
    return s;
}

/* ---- packed weights: [group][panel] ---- */

static size_t group_bytes(const setup *s)
{
    return cairn_gemm_packed(s->depth, s->out_c) * sizeof(float);
}

static char *packed_at(const cairn_work *work, const setup *s, int64_t group, int64_t column)
{
    return work->packed + (size_t)group * group_bytes(s) + (size_t)(column * s->depth) * sizeof(float);
}

/* In scratch, behind what the patch has there. */
static size_t widened_at(const setup *s)
{
    return cairn_align(cairn_patch_scratch(&s->patch), CAIRN_LINE_BYTES);
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    site->per_image = true;
    site->units = s.bands * s.parts;
    site->unit_flops = 2 * s.span * s.k * site->out[0].c / s.parts;
    site->scratch = widened_at(&s) + (s.patch.padded ? 0 : cairn_gemm_widened(CAIRN_GEMM_ROWS, s.k));
    if (s.packed) {
        site->packed = (size_t)s.attrs->groups * group_bytes(&s);
        site->pack_units = s.attrs->groups * panels_of(&s);
        site->in_packed = 1u << 1;
    }
}

/* A unit is a panel of a group. */
static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    int64_t all = s.attrs->groups * s.out_c;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t group = unit / panels_of(&s), column = unit % panels_of(&s) * CAIRN_GEMM_COLUMNS;
        cairn_gemm_source source = {.b = cairn_params_of(&work->in[1]) + group * s.out_c + column,
                                    .segments = s.patch.segments,
                                    .length = s.patch.length,
                                    .n = cairn_min(CAIRN_GEMM_COLUMNS, s.out_c - column),
                                    .k_step = all,
                                    .n_step = 1};
        CAIRN_SIMD(cairn_gemm_pack)(packed_at(work, &s, group, column), &source);
    }
}

/* Where a band begins, in pixels counted over all images of the work. */
static int64_t first_pixel(const setup *s, int64_t band)
{
    return band / s->bands * s->pixels + cairn_min(band % s->bands * s->span, s->pixels);
}

typedef struct block {
    const void *a[CAIRN_GEMM_ROWS], *addend[CAIRN_GEMM_ROWS];
    void *c[CAIRN_GEMM_ROWS];
} block;

/* Rows of the block for a group: `count` pixels from `first` on, which may run on into the next images. */
static void find_rows(const cairn_work *work, const setup *s, const cairn_multiplier *picture, int64_t group,
                      int64_t first, int64_t count, block *b)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0], *addend = &work->in[3];
    int64_t column = group * s->out_c + s->column;
    for (int64_t done = 0, some; done < count; done += some) {
        int64_t image = (first + done) / s->pixels, pixel = (first + done) % s->pixels;
        some = cairn_min(count - done, s->pixels - pixel);
        if (s->patch.padded)
            cairn_patch_windows(&s->patch, picture + group * s->patch.length, sizeof *picture, y->w, pixel,
                                some, b->a + done);
        else
            cairn_patch_windows(&s->patch, cairn_image_of(x, image) + group * s->patch.length, sizeof(real),
                                y->w, pixel, some, b->a + done);
        for (int64_t i = 0; i < some; i++)
            b->c[done + i] = cairn_result_at(y, image, (pixel + i) * y->pitch + column);
        for (int64_t i = 0; i < some && cairn_has(work->site, 3); i++)
            b->addend[done + i] = cairn_image_of(addend, image) + (pixel + i) * addend->pitch + column;
    }
    if (!s->patch.padded)
        cairn_gemm_widen(b->a, count, s->k, work->scratch + widened_at(s));
}

static void multiply(const cairn_work *work, const setup *s, const int64_t *offsets, int64_t group,
                     int64_t count, const block *b)
{
    const cairn_operand *y = &work->out[0];
    int64_t column = group * s->out_c + s->column;
    cairn_gemm_rows gemm = {.rows = count,
                            .a = b->a,
                            .c = b->c,
                            .offset = offsets,
                            .segments = s->patch.segments,
                            .length = s->patch.length,
                            .block = cairn_gemm_block(s->k, work->site->exact),
                            .n = s->columns,
                            .ldb = y->c,
                            .packed = s->packed,
                            .addend = {cairn_has(work->site, 3) ? b->addend : NULL},
                            .floor = s->attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY,
                            .float_c = cairn_is_float(y)};
    gemm.b = s->packed ? (const void *)packed_at(work, s, group, s->column)
                       : (const void *)(cairn_params_of(&work->in[1]) + column);
    if (s->packed)
        gemm.next = cairn_gemm_next(packed_at(work, s, group, s->column + gemm.n), group_bytes(s));
    gemm.bias = cairn_has(work->site, 2) ? cairn_params_of(&work->in[2]) + column : NULL;
    CAIRN_SIMD(cairn_gemm_rows)(&gemm);
}

/* What the product cannot apply itself, to the channels of a group. */
static void activate(const setup *s, int64_t count, const block *b)
{
    if (s->attrs->act == CAIRN_ACT_NONE || s->attrs->act == CAIRN_ACT_RELU)
        return;
    for (int64_t i = 0; i < count; i++)
        vec_activate_span(s->attrs->act, (real *)b->c[i], (real *)b->c[i], s->columns);
}

static void run_pixels(const cairn_work *work, const setup *s, const cairn_multiplier *picture, int64_t first,
                       int64_t end)
{
    const int64_t *offsets = cairn_patch_offsets(&s->patch, work->scratch);
    block b;
    for (int64_t count; first < end; first += count) {
        count = end - first < 2 * CAIRN_GEMM_ROWS ? even_rows(s, end - first) : CAIRN_GEMM_ROWS;
        for (int64_t group = 0; group < s->attrs->groups; group++) {
            find_rows(work, s, picture, group, first, count, &b);
            multiply(work, s, offsets, group, count, &b);
            activate(s, count, &b);
        }
    }
}

/* A band of output rows, from a padded copy of the rows that it sees. */
static void run_band(const cairn_work *work, const setup *s, int64_t first, int64_t end)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const cairn_window *w = s->patch.window;
    int64_t image = first / s->pixels, top = first % s->pixels / y->w;
    int64_t bottom = (end - 1) % s->pixels / y->w;
    int64_t last = bottom * w->stride_h + (int64_t)(w->k_h - 1) * w->dilation_h + 1;
    const cairn_multiplier *picture =
        cairn_patch_load_rows(&s->patch, x, cairn_image_of(x, image), work->scratch, top * w->stride_h,
                              cairn_min(last, s->patch.h));
    run_pixels(work, s, picture, first, end);
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (!s.patch.padded && s.parts == 1) {
        run_pixels(work, &s, NULL, first_pixel(&s, work->begin), first_pixel(&s, work->end));
        return;
    }
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t band = unit / s.parts, first = first_pixel(&s, band), end = first_pixel(&s, band + 1);
        take_part(&s, unit % s.parts);
        if (s.patch.padded)
            run_band(work, &s, first, end);
        else
            run_pixels(work, &s, NULL, first, end);
    }
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    return cairn_conv2d_cost_direct(site, &site->in[1], &site->out[0], (double)setup_of(site).k, machine);
}

const cairn_kernel CAIRN_KERNEL(conv2d_gemm) = {.name = "gemm",
                                                .isa = CAIRN_KERNEL_ISA,
                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                .cost = cost,
                                                .plan = plan,
                                                .pack = pack,
                                                .run = run};
