/* Gradient of a convolution with respect to its input, by the rows form of the matrix product: dy times the
 * transposed weights of a segment of the window is added to dx where the window lies. With padding dx is made
 * in a padded picture and its middle copied. Good for every stride, dilation and group. An addend is what is
 * added to, or is added where each element is written once; a gate is closed for everything that is added. */
#include "ops/conv2d/cost.h"
#include "ops/gemm/patch.h"
#include "ops/simd/copy.h"
#include <math.h>

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t out_c;  /* of a group */
    int64_t pixels; /* of an image of dy */
    size_t packed;  /* elements of a segment's packed weights */
    bool disjoint;  /* windows tile dx: each element is written once */
    bool adds;      /* there is an addend */
    bool gated;     /* there is a gate */
    bool apart;     /* sums are made in a picture in scratch, in floats */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *dy = &site->in[0], *dx = &site->out[0];
    const cairn_window *w = &attrs->geometry.window;
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, dx, false), .out_c = dy->c / attrs->groups};
    s.pixels = dy->h * dy->w;
    s.packed = cairn_gemm_packed(cairn_gemm_depth(1, s.out_c), s.patch.length);
    bool pointwise = w->k_h == 1 && w->k_w == 1 && w->stride_h == 1 && w->stride_w == 1;
    bool whole = s.pixels == 1 && s.patch.segments * s.patch.length * attrs->groups == dx->elements;
    s.adds = cairn_has(site, 2);
    s.gated = cairn_has(site, 3);
    s.disjoint = !s.patch.padded && (pointwise || (whole && !s.adds && !s.gated));
    bool lies_apart = s.gated && site->in[3].pitch != dx->pitch; /* windows of dx are none of the gate */
    s.apart = s.patch.padded || (!s.disjoint && (sizeof(real) < sizeof(float) || lies_apart));
    return s;
}

static int64_t picture_elements(const setup *s)
{
    return s->patch.h * s->patch.w * s->patch.pitch;
}

/* In scratch, before widened pixels. */
static size_t picture_bytes(const setup *s)
{
    return s->apart ? cairn_align((size_t)picture_elements(s) * sizeof(float), CAIRN_LINE_BYTES) : 0;
}

static int64_t panels_of(const setup *s)
{
    return cairn_ceil_div(s->patch.length, CAIRN_GEMM_COLUMNS);
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    cairn_unit_is_image(site, 2 * s.pixels * site->in[1].elements);
    site->scratch = picture_bytes(&s) + cairn_gemm_widened(CAIRN_GEMM_ROWS, site->in[0].c);
    site->pack_units = s.attrs->groups * s.patch.segments * panels_of(&s);
    site->packed = (size_t)(s.attrs->groups * s.patch.segments) * s.packed * sizeof(float);
}

/* A unit is a panel of a segment of a group. */
static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    const float *w = cairn_params_of(&work->in[1]);
    int64_t out = s.out_c * s.attrs->groups, depth = cairn_gemm_depth(1, s.out_c);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t whole = unit / panels_of(&s), column = unit % panels_of(&s) * CAIRN_GEMM_COLUMNS;
        int64_t group = whole / s.patch.segments, segment = whole % s.patch.segments;
        cairn_gemm_source source = {.b = w + (segment * s.patch.length + column) * out + group * s.out_c,
                                    .segments = 1,
                                    .length = s.out_c,
                                    .n = cairn_min(CAIRN_GEMM_COLUMNS, s.patch.length - column),
                                    .k_step = 1,
                                    .n_step = out};
        float *packed = (float *)(void *)work->packed + (size_t)whole * s.packed;
        CAIRN_SIMD(cairn_gemm_pack)(packed + column * depth, &source);
    }
}

typedef struct block {
    const void *a[CAIRN_GEMM_ROWS];      /* pixels of dy */
    int64_t window[CAIRN_GEMM_ROWS];     /* element of the picture, or of dx */
    const real *addend[CAIRN_GEMM_ROWS]; /* pixels of it, if windows are disjoint */
    const real *gate[CAIRN_GEMM_ROWS];   /* windows of it, if sums are made in dx */
    const void *group_a[CAIRN_GEMM_ROWS], *group_addend[CAIRN_GEMM_ROWS], *group_gate[CAIRN_GEMM_ROWS];
    void *c[CAIRN_GEMM_ROWS];
} block;

/* Windows of `to`, a picture of floats or dx. */
static void multiply(const cairn_work *work, const setup *s, void *to, int64_t count, block *b)
{
    static const int64_t origin = 0;
    cairn_gemm_widen(b->a, count, work->in[0].c, work->scratch + picture_bytes(s));
    cairn_gemm_rows gemm = {.rows = count,
                            .a = b->group_a,
                            .c = b->c,
                            .offset = &origin,
                            .segments = 1,
                            .length = s->out_c,
                            .block = cairn_gemm_block(s->out_c, false),
                            .n = s->patch.length,
                            .packed = true,
                            .floor = -INFINITY,
                            .addend = {s->adds && s->disjoint ? b->group_addend : NULL},
                            .gate = s->gated && !s->apart ? b->group_gate : NULL,
                            .add = !s->disjoint,
                            .float_c = s->apart && sizeof(real) < sizeof(float)};
    const float *packed = (const float *)(const void *)work->packed;
    for (int64_t group = 0; group < s->attrs->groups; group++)
        for (int64_t segment = 0; segment < s->patch.segments; segment++, packed += s->packed) {
            int64_t offset = cairn_patch_offset(&s->patch, segment) + group * s->patch.length;
            for (int64_t i = 0; i < count; i++) {
                b->group_a[i] = (const cairn_multiplier *)b->a[i] + group * s->out_c;
                b->group_addend[i] = gemm.addend[0] != NULL ? b->addend[i] + group * s->patch.length : NULL;
                b->group_gate[i] = gemm.gate != NULL ? b->gate[i] + offset : NULL;
                b->c[i] = s->apart ? (void *)((float *)to + b->window[i] + offset)
                                   : (void *)((real *)to + b->window[i] + offset);
            }
            gemm.b = packed;
            CAIRN_SIMD(cairn_gemm_rows)(&gemm);
        }
}

/* A pixel of an input that may be none; then NULL. */
CAIRN_INLINE const real *pixel_of(const cairn_work *work, int input, int64_t image, int64_t pixel)
{
    const cairn_operand *other = &work->in[input];
    return cairn_has(work->site, input) ? cairn_image_of(other, image) + pixel * other->pitch : NULL;
}

/* to = from + addend, as far as they are given, or 0 where a gate is not above 0. */
CAIRN_INLINE void store_pixel(real *to, const float *from, const real *addend, const real *gate,
                              int64_t channels)
{
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec sum = from != NULL ? vec_load_part(from + c, mask) : (vec){0};
        if (addend != NULL)
            sum += vec_load_part(addend + c, mask);
        if (gate != NULL)
            sum = vec_gate(vec_load_part(gate + c, mask), sum);
        vec_store_part(to + c, sum, mask);
    }
}

/* What windows are added to: zeros, or the addend, which may lie there already. */
static void begin_image(const cairn_work *work, const setup *s, int64_t image)
{
    const cairn_operand *dx = &work->out[0], *addend = &work->in[2];
    real *to = cairn_image_of(dx, image);
    if (s->adds && s->gated)
        for (int64_t i = 0; i < dx->h * dx->w; i++)
            store_pixel(to + i * dx->pitch, NULL, pixel_of(work, 2, image, i), pixel_of(work, 3, image, i),
                        dx->c);
    else if (s->adds && addend->data != dx->data)
        cairn_copy_run(to, dx->pitch, cairn_image_of(addend, image), addend->pitch, dx->h * dx->w, dx->c);
    else if (!s->adds)
        cairn_clear_run(to, dx->pitch, dx->h * dx->w, dx->c);
}

/* The middle of the padded picture, with what stands behind it. */
static void store_middle(const cairn_work *work, const setup *s, const float *picture, int64_t image)
{
    const cairn_operand *dx = &work->out[0];
    const cairn_patch *p = &s->patch;
    real *to = cairn_image_of(dx, image);
    int64_t pixel = 0;
    for (int64_t y = 0; y < dx->h; y++) {
        const float *from = picture + ((y + p->window->pad_top) * p->w + p->window->pad_left) * p->pitch;
        for (int64_t x = 0; x < dx->w; x++, pixel++, to += dx->pitch, from += p->pitch)
            store_pixel(to, from, pixel_of(work, 2, image, pixel), pixel_of(work, 3, image, pixel), dx->c);
    }
}

/* Pixels are taken column by column: neighbours in a row have windows that overlap, and adding to what was
 * stored just before would stall. */
static void find_columns(const cairn_work *work, const setup *s, int64_t image, int64_t first, int64_t count,
                         block *b)
{
    const cairn_operand *dy = &work->in[0];
    const real *gradient = cairn_image_of(dy, image), *gate = pixel_of(work, 3, image, 0);
    int64_t x = first / dy->h, y = first % dy->h;
    for (int64_t i = 0; i < count; i++) {
        int64_t pixel = y * dy->w + x;
        b->a[i] = gradient + pixel * dy->pitch;
        b->window[i] = y * s->patch.step_h + x * s->patch.step_w;
        b->addend[i] = s->disjoint ? pixel_of(work, 2, image, pixel) : NULL;
        b->gate[i] = !s->gated || s->apart ? NULL
                     : s->disjoint         ? pixel_of(work, 3, image, pixel)
                                           : gate + b->window[i];
        if (++y == dy->h) {
            y = 0;
            x++;
        }
    }
}

static void run_image(const cairn_work *work, const setup *s, int64_t image, block *b)
{
    real *to = cairn_image_of(&work->out[0], image);
    float *picture = (float *)(void *)work->scratch;
    if (s->apart)
        memset(picture, 0, (size_t)picture_elements(s) * sizeof *picture);
    else if (!s->disjoint)
        begin_image(work, s, image);
    for (int64_t pixel = 0; pixel < s->pixels; pixel += CAIRN_GEMM_ROWS) {
        int64_t count = cairn_min(CAIRN_GEMM_ROWS, s->pixels - pixel);
        find_columns(work, s, image, pixel, count, b);
        multiply(work, s, s->apart ? (void *)picture : (void *)to, count, b);
    }
    if (s->apart)
        store_middle(work, s, picture, image);
}

/* One pixel of dy for each image: rows are images. */
static void run_single(const cairn_work *work, const setup *s, block *b)
{
    for (int64_t image = work->begin; image < work->end; image += CAIRN_GEMM_ROWS) {
        int64_t count = cairn_min(CAIRN_GEMM_ROWS, work->end - image);
        real *first = cairn_image_of(&work->out[0], image);
        for (int64_t i = 0; i < count; i++) {
            b->a[i] = cairn_image_of(&work->in[0], image + i);
            b->addend[i] = pixel_of(work, 2, image + i, 0);
            b->gate[i] = pixel_of(work, 3, image + i, 0);
            b->window[i] = i * cairn_image_stride(&work->out[0]);
        }
        multiply(work, s, first, count, b);
    }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    block b;
    if (s.disjoint && s.pixels == 1) {
        run_single(work, &s, &b);
        return;
    }
    for (int64_t image = work->begin; image < work->end; image++)
        run_image(work, &s, image, &b);
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    return cairn_conv2d_cost_direct(site, &site->in[1], &site->in[0], (double)setup_of(site).out_c, machine);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_gemm) = {.name = "gemm",
                                                         .isa = CAIRN_KERNEL_ISA,
                                                         .precisions = CAIRN_KERNEL_PRECISION,
                                                         .cost = cost,
                                                         .plan = plan,
                                                         .pack = pack,
                                                         .run = run};
