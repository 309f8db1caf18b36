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
/* Of a batch, if there are channels enough: work for many threads. */
#define MIN_UNITS 16

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t k, out_c; /* of a group */
    int64_t pixels;   /* of an image */
    int64_t span;     /* pixels of a band */
    int64_t bands;    /* of an image */
    int64_t columns;  /* output channels of a unit, in each group */
    int64_t parts;    /* units that a band is divided into by channels */
    int64_t column;   /* where those of the unit at hand begin */
    bool packed;
} setup;

/* Units by channels, of whole panels of the weights. */
static void divide_columns(const cairn_site *site, setup *s)
{
    int64_t panels = cairn_ceil_div(s->out_c, CAIRN_GEMM_COLUMNS);
    int64_t parts = cairn_min(cairn_ceil_div(MIN_UNITS, s->bands * site->capacity), panels);
    parts = cairn_max(cairn_min(parts, 2 * s->span * s->k * s->out_c / UNIT_FLOPS), 1);
    s->columns = s->out_c;
    s->parts = 1;
    if (s->attrs->groups > 1 || parts == 1)
        return;
    s->columns = cairn_ceil_div(panels, parts) * CAIRN_GEMM_COLUMNS;
    s->parts = cairn_ceil_div(s->out_c, s->columns);
}

/* Inference packs once. Training would pack in every step: it does where rows of the weights are a multiple
 * of 1 KiB apart, which fall into few sets of the caches. */
static bool wants_packing(const cairn_site *site, const cairn_conv2d_attrs *attrs, int64_t out_c)
{
    return attrs->groups == 1 && (!site->training || out_c % 256 == 0);
}

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *y = &site->out[0];
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, &site->in[0]), .out_c = y->c / attrs->groups};
    s.k = s.patch.segments * s.patch.length;
    s.pixels = s.span = y->h * y->w;
    s.packed = wants_packing(site, attrs, y->c);
    if (!s.patch.padded) {
        int64_t block_flops = CAIRN_GEMM_ROWS * 2 * s.k * y->c;
        s.span = cairn_min(cairn_ceil_div(UNIT_FLOPS, block_flops) * CAIRN_GEMM_ROWS, s.pixels);
    } else { /* whole rows */
        int64_t row_flops = 2 * s.k * y->c * y->w;
        int64_t rows =
            cairn_max(cairn_ceil_div(BAND_FLOPS, row_flops), cairn_ceil_div(CAIRN_GEMM_ROWS, y->w));
        s.span = cairn_ceil_div(y->h, cairn_ceil_div(y->h, rows)) * y->w;
    }
    s.bands = cairn_ceil_div(s.pixels, s.span);
    divide_columns(site, &s);
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    site->per_image = true;
    site->units = s.bands * s.parts;
    site->unit_flops = 2 * s.span * s.k * site->out[0].c / s.parts;
    site->scratch = cairn_patch_scratch(&s.patch);
    if (s.packed) {
        site->packed = cairn_gemm_packed(s.k, s.out_c) * sizeof(float);
        site->pack_units = cairn_ceil_div(s.out_c, CAIRN_GEMM_COLUMNS);
        site->in_packed = 1u << 1;
    }
}

static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    int64_t begin = work->begin * CAIRN_GEMM_COLUMNS,
            end = cairn_min(work->end * CAIRN_GEMM_COLUMNS, s.out_c);
    CAIRN_SIMD(cairn_gemm_pack)
    ((float *)(void *)work->packed + begin * s.k, cairn_image_of(&work->in[1], 0) + begin, s.k, end - begin,
     s.out_c, 1);
}

/* Where a band begins, in pixels counted over all images of the work. */
static int64_t first_pixel(const setup *s, int64_t band)
{
    return band / s->bands * s->pixels + cairn_min(band % s->bands * s->span, s->pixels);
}

typedef struct block {
    const float *a[CAIRN_GEMM_ROWS], *group_a[CAIRN_GEMM_ROWS];
    float *c[CAIRN_GEMM_ROWS], *group_c[CAIRN_GEMM_ROWS];
    const float *addend[CAIRN_GEMM_ROWS], *group_addend[CAIRN_GEMM_ROWS];
} block;

/* Rows of the block: `count` pixels from `first` on, which may run on into the next images. */
static void find_rows(const cairn_work *work, const setup *s, const float *picture, int64_t first,
                      int64_t count, block *b)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t done = 0, some; done < count; done += some) {
        int64_t image = (first + done) / s->pixels, pixel = (first + done) % s->pixels;
        some = cairn_min(count - done, s->pixels - pixel);
        cairn_patch_windows(&s->patch, s->patch.padded ? picture : cairn_image_of(x, image), y->w, pixel,
                            some, b->a + done);
        float *to = cairn_image_of(y, image) + pixel * y->pitch + s->column;
        for (int64_t i = 0; i < some; i++)
            b->c[done + i] = to + i * y->pitch;
        const cairn_operand *addend = &work->in[3];
        for (int64_t i = 0; i < some && cairn_has(work->site, 3); i++)
            b->addend[done + i] = cairn_image_of(addend, image) + (pixel + i) * addend->pitch + s->column;
    }
}

static void multiply(const cairn_work *work, const setup *s, const int64_t *offsets, int64_t count, block *b)
{
    const cairn_operand *y = &work->out[0];
    const float *w = cairn_image_of(&work->in[1], 0);
    const float *bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL;
    cairn_gemm_rows gemm = {.rows = count,
                            .a = b->a,
                            .c = b->c,
                            .offset = offsets,
                            .segments = s->patch.segments,
                            .length = s->patch.length,
                            .block = cairn_gemm_block(s->k, work->site->training),
                            .n = cairn_min(s->columns, s->out_c - s->column),
                            .ldb = y->c,
                            .packed = s->packed,
                            .addend = cairn_has(work->site, 3) ? b->addend : NULL,
                            .floor = s->attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY};
    for (int64_t group = 0; group < s->attrs->groups; group++) {
        int64_t column = group * s->out_c + s->column;
        gemm.b = s->packed ? (const float *)(const void *)work->packed + column * s->k : w + column;
        gemm.bias = bias != NULL ? bias + column : NULL;
        if (s->attrs->groups > 1) {
            for (int64_t i = 0; i < count; i++) {
                b->group_a[i] = b->a[i] + group * s->patch.length;
                b->group_c[i] = b->c[i] + group * s->out_c;
                b->group_addend[i] = gemm.addend != NULL ? b->addend[i] + group * s->out_c : NULL;
            }
            gemm.a = b->group_a;
            gemm.c = b->group_c;
            gemm.addend = gemm.addend != NULL ? b->group_addend : NULL;
        }
        CAIRN_SIMD(cairn_gemm_rows)(&gemm);
    }
}

static void activate(const setup *s, const cairn_operand *y, int64_t count, const block *b)
{
    if (s->attrs->act == CAIRN_ACT_NONE || s->attrs->act == CAIRN_ACT_RELU)
        return;
    if (y->pitch == y->c && s->parts == 1) {
        vec_activate_span(s->attrs->act, b->c[0], b->c[0], count * y->c);
        return;
    }
    int64_t columns = s->parts == 1 ? y->c : cairn_min(s->columns, s->out_c - s->column);
    for (int64_t i = 0; i < count; i++)
        vec_activate_span(s->attrs->act, b->c[i], b->c[i], columns);
}

static void run_pixels(const cairn_work *work, const setup *s, const float *picture, int64_t first,
                       int64_t end)
{
    const int64_t *offsets = cairn_patch_offsets(&s->patch, work->scratch);
    block b;
    for (int64_t count; first < end; first += count) {
        count = cairn_min(CAIRN_GEMM_ROWS, end - first);
        find_rows(work, s, picture, first, count, &b);
        multiply(work, s, offsets, count, &b);
        activate(s, &work->out[0], count, &b);
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
    const float *picture = cairn_patch_load_rows(&s->patch, x, cairn_image_of(x, image), work->scratch,
                                                 top * w->stride_h, cairn_min(last, s->patch.h));
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
        s.column = unit % s.parts * s.columns;
        if (s.patch.padded)
            run_band(work, &s, first, end);
        else
            run_pixels(work, &s, NULL, first, end);
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_gemm) = {.name = "gemm",
                                                .isa = CAIRN_KERNEL_ISA,
                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                .cost = cairn_conv2d_cost_direct,
                                                .plan = plan,
                                                .pack = pack,
                                                .run = run};
