/* Gradient of a convolution with respect to its weights, by the outer form of the matrix product, a row of
 * the window at a time. Where an image has many output pixels, an image is the unit and the sum over images
 * is the plan's; with a single output pixel the unit is a part of the weights, over the whole batch. Bfloat16
 * are copied as words, floats or of two pixels, those that neighbouring pixels of dy meet: of dy every second
 * pixel with its neighbour, of x each with that one stride on. */
#include "ops/conv2d_bwd_weights/words.h"
#include "ops/gemm/patch.h"

enum { COPIES = sizeof(real) < sizeof(float) }; /* numbers have to become words first */

#define ROWS_PER_UNIT 48         /* of the weights; a multiple of every tile height */
#define GRADIENT_BYTES (1 << 16) /* of dy at a time, if that is a row or more: every tile reads them */

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t out_c; /* of a group */
    int64_t parts; /* of a segment, where the unit is a part of the weights */
    bool by_weights;
    int64_t words, pitch; /* of pixels in a row of dy; floats from one to the next */
    int64_t rows;         /* of dy at a time */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *dy = &site->in[1];
    cairn_operand x = site->in[0];
    if (COPIES)
        x.pitch = x.c;
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, &x, false), .out_c = dy->c / attrs->groups};
    s.by_weights = !COPIES && dy->h * dy->w == 1 && !s.patch.padded;
    s.parts = cairn_ceil_div(s.patch.length, ROWS_PER_UNIT);
    s.words = cairn_ceil_div(dy->w, CAIRN_WORD_PIXELS);
    s.pitch = COPIES ? (int64_t)cairn_align((size_t)dy->c, CAIRN_LANES) : dy->pitch;
    int64_t row_bytes = s.words * s.pitch * (int64_t)sizeof(float);
    s.rows = cairn_min(cairn_max(GRADIENT_BYTES / row_bytes, 1), dy->h);
    return s;
}

#if defined(CAIRN_STORE_BF16)
/* Where things begin in scratch: words of the picture with its padding, which are written a vector at a time;
 * a row of it that they are made of; a pixel of zeros; words of some rows of dy. */
typedef struct room {
    size_t row, row_bytes, zeros, gradient, bytes;
} room;

static room room_of(const setup *s)
{
    const cairn_patch *p = &s->patch;
    size_t picture_bytes = (size_t)(p->h * p->w * p->c + CAIRN_LANES) * sizeof(float);
    room r = {.row = cairn_align(picture_bytes, CAIRN_LINE_BYTES)};
    r.row_bytes = (size_t)((p->w + p->window->stride_w) * p->c) * sizeof(real);
    r.zeros = r.row + cairn_align(r.row_bytes, CAIRN_LINE_BYTES);
    r.gradient = r.zeros + cairn_align((size_t)s->pitch * sizeof(real), CAIRN_LINE_BYTES);
    r.bytes = r.gradient + (size_t)(s->rows * s->words * s->pitch) * sizeof(float);
    return r;
}

static size_t scratch_of(const setup *s)
{
    return room_of(s).bytes;
}

static const float *load_picture(const cairn_work *work, const setup *s, int64_t image)
{
    const cairn_operand *x = &work->in[0];
    const cairn_patch *p = &s->patch;
    const cairn_window *w = p->window;
    room r = room_of(s);
    float *picture = (float *)(void *)work->scratch, *to = picture;
    real *row = (real *)(void *)(work->scratch + r.row);
    memset(row, 0, r.row_bytes);
    for (int64_t y = -w->pad_top; y < p->h - w->pad_top; y++, to += p->w * p->c) {
        if (y < 0 || y >= x->h) {
            memset(to, 0, (size_t)(p->w * p->c) * sizeof *to);
            continue;
        }
        const real *pixels = cairn_image_of(x, image) + y * cairn_row_stride(x);
        cairn_copy_run(row + w->pad_left * p->c, p->c, pixels, x->pitch, x->w, p->c);
        cairn_copy_words(to, row, row + w->stride_w * p->c, p->w * p->c);
    }
    return picture;
}

static const float *load_gradient(const cairn_work *work, const setup *s, int64_t image, int64_t first,
                                  int64_t rows)
{
    const cairn_operand *dy = &work->in[1];
    room r = room_of(s);
    float *gradient = (float *)(void *)(work->scratch + r.gradient), *to = gradient;
    real *zeros = (real *)(void *)(work->scratch + r.zeros);
    memset(zeros, 0, (size_t)dy->c * sizeof *zeros);
    for (int64_t y = first; y < first + rows; y++) {
        const real *pixel = cairn_image_of(dy, image) + y * cairn_row_stride(dy);
        for (int64_t left = dy->w; left > 0;
             left -= CAIRN_WORD_PIXELS, pixel += CAIRN_WORD_PIXELS * dy->pitch, to += s->pitch)
            cairn_copy_words(to, pixel, left > 1 ? pixel + dy->pitch : zeros, dy->c);
    }
    return gradient;
}
#else
static size_t scratch_of(const setup *s)
{
    return cairn_patch_scratch(&s->patch);
}

static const float *load_picture(const cairn_work *work, const setup *s, int64_t image)
{
    const cairn_operand *x = &work->in[0];
    const real *pixels = cairn_image_of(x, image);
    return s->patch.padded ? cairn_patch_load_rows(&s->patch, x, pixels, work->scratch, 0, s->patch.h)
                           : pixels;
}

static const float *load_gradient(const cairn_work *work, const setup *s, int64_t image, int64_t first,
                                  int64_t rows)
{
    const cairn_operand *dy = &work->in[1];
    (void)s;
    (void)rows;
    return (const float *)cairn_image_of(dy, image) + first * cairn_row_stride(dy);
}
#endif

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[1];
    site->scratch = scratch_of(&s);
    if (!s.by_weights) {
        cairn_unit_is_image(site, 2 * dy->h * dy->w * site->out[0].elements);
        return;
    }
    site->units = s.attrs->groups * s.patch.segments * s.parts;
    site->unit_flops = 2 * site->capacity * cairn_min(s.patch.length, ROWS_PER_UNIT) * s.out_c;
}

static void run_weights(const cairn_work *work, const setup *s)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t first = unit % s->parts * ROWS_PER_UNIT, segment = unit / s->parts % s->patch.segments;
        int64_t group = unit / s->parts / s->patch.segments;
        cairn_gemm_outer gemm = {.count = {work->run->n, 1, 1},
                                 .a_step = {cairn_image_stride(x), 0},
                                 .b_step = {cairn_image_stride(dy), 0},
                                 .a = (const float *)(void *)x->data +
                                      cairn_patch_offset(&s->patch, segment) + group * s->patch.length +
                                      first,
                                 .b = (const float *)(void *)dy->data + group * s->out_c,
                                 .c = cairn_params_of(&work->out[0]) +
                                      (segment * s->patch.length + first) * dy->c + group * s->out_c,
                                 .p = cairn_min(ROWS_PER_UNIT, s->patch.length - first),
                                 .n = s->out_c,
                                 .ldc = dy->c};
        CAIRN_SIMD_FLOAT(cairn_gemm_outer)(&gemm);
    }
}

/* Adds (or writes) what some rows of dy give. */
static void run_rows(const cairn_work *work, const setup *s, const float *picture, const float *gradient,
                     int64_t rows, bool add)
{
    const cairn_operand *dy = &work->in[1];
    float *dw = cairn_params_of(&work->out[0]);
    cairn_gemm_outer gemm = {.count = {s->words, rows, 1},
                             .a_step = {CAIRN_WORD_PIXELS * s->patch.step_w, s->patch.step_h},
                             .b_step = {s->pitch, s->words * s->pitch},
                             .p = s->patch.length,
                             .n = s->out_c,
                             .ldc = dy->c,
                             .add = add};
    for (int64_t group = 0; group < s->attrs->groups; group++)
        for (int64_t segment = 0; segment < s->patch.segments; segment++) {
            gemm.a = picture + cairn_patch_offset(&s->patch, segment) + group * s->patch.length;
            gemm.b = gradient + group * s->out_c;
            gemm.c = dw + segment * s->patch.length * dy->c + group * s->out_c;
            CAIRN_SIMD(cairn_gemm_outer)(&gemm);
        }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (s.by_weights) {
        run_weights(work, &s);
        return;
    }
    int64_t h = work->in[1].h;
    for (int64_t image = work->begin; image < work->end; image++) {
        const float *picture = load_picture(work, &s, image);
        for (int64_t first = 0, rows; first < h; first += rows) {
            rows = cairn_min(s.rows, h - first);
            const float *gradient = load_gradient(work, &s, image, first, rows);
            run_rows(work, &s, picture + first * s.patch.step_h, gradient, rows,
                     first > 0 || image > work->begin);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_gemm) = {
    .name = "gemm", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
