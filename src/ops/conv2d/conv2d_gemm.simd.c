/* Convolution by the rows form of the matrix product: a row is the window of an output pixel, where it lies.
 * Pixels are taken in blocks that run on over rows and images. */
#include "ops/gemm/patch.h"
#include "ops/simd/functions.h"
#include <math.h>

#define UNIT_FLOPS 1000000

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t k, out_c; /* of a group */
    int64_t pixels;   /* of an image */
    int64_t span;     /* pixels of a unit */
    bool packed;
} setup;

/* Rows of the weights that are a multiple of 1 KiB apart fall into few sets of the caches. */
static bool wants_packing(const cairn_conv2d_attrs *attrs, int64_t out_c)
{
    return attrs->groups == 1 && out_c % 256 == 0;
}

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *y = &site->out[0];
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, &site->in[0]), .out_c = y->c / attrs->groups};
    s.k = s.patch.segments * s.patch.length;
    s.pixels = s.span = y->h * y->w;
    s.packed = wants_packing(attrs, y->c);
    if (!s.patch.padded) {
        int64_t block_flops = CAIRN_GEMM_ROWS * 2 * s.k * y->c;
        s.span = cairn_min(cairn_ceil_div(UNIT_FLOPS, block_flops) * CAIRN_GEMM_ROWS, s.pixels);
    }
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    site->per_image = true;
    site->units = cairn_ceil_div(s.pixels, s.span);
    site->unit_flops = 2 * s.span * s.k * site->out[0].c;
    site->scratch = cairn_patch_scratch(&s.patch);
    site->packed = s.packed ? cairn_gemm_packed(s.k, s.out_c) * sizeof(float) : 0;
}

static void pack(const cairn_work *work)
{
    setup s = setup_of(work->site);
    CAIRN_SIMD(cairn_gemm_pack)
    ((float *)(void *)work->packed, cairn_image_of(&work->in[1], 0), s.k, s.out_c, s.out_c, 1);
}

/* Where a unit begins, in pixels counted over all images of the work. */
static int64_t first_pixel(const setup *s, int64_t units, int64_t unit)
{
    return unit / units * s->pixels + cairn_min(unit % units * s->span, s->pixels);
}

typedef struct block {
    const float *a[CAIRN_GEMM_ROWS], *group_a[CAIRN_GEMM_ROWS];
    float *c[CAIRN_GEMM_ROWS], *group_c[CAIRN_GEMM_ROWS];
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
        float *to = cairn_image_of(y, image) + pixel * y->pitch;
        for (int64_t i = 0; i < some; i++)
            b->c[done + i] = to + i * y->pitch;
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
                            .n = s->out_c,
                            .ldb = y->c,
                            .packed = s->packed,
                            .floor = s->attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY};
    for (int64_t group = 0; group < s->attrs->groups; group++) {
        gemm.b = s->packed ? (const float *)(const void *)work->packed : w + group * s->out_c;
        gemm.bias = bias != NULL ? bias + group * s->out_c : NULL;
        if (s->attrs->groups > 1) {
            for (int64_t i = 0; i < count; i++) {
                b->group_a[i] = b->a[i] + group * s->patch.length;
                b->group_c[i] = b->c[i] + group * s->out_c;
            }
            gemm.a = b->group_a;
            gemm.c = b->group_c;
        }
        CAIRN_SIMD(cairn_gemm_rows)(&gemm);
    }
}

static void activate(const setup *s, const cairn_operand *y, int64_t count, const block *b)
{
    if (s->attrs->act == CAIRN_ACT_NONE || s->attrs->act == CAIRN_ACT_RELU)
        return;
    if (y->pitch == y->c) {
        vec_activate_span(s->attrs->act, b->c[0], b->c[0], count * y->c);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        vec_activate_span(s->attrs->act, b->c[i], b->c[i], y->c);
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    const int64_t *offsets = cairn_patch_offsets(&s.patch, work->scratch);
    int64_t units = work->site->units, pixel = first_pixel(&s, units, work->begin);
    int64_t end = first_pixel(&s, units, work->end), loaded = -1, count;
    const float *picture = NULL;
    block b;
    for (; pixel < end; pixel += count) {
        int64_t image = pixel / s.pixels;
        count = cairn_min(CAIRN_GEMM_ROWS, end - pixel);
        if (s.patch.padded) {
            count = cairn_min(count, (image + 1) * s.pixels - pixel);
            if (image != loaded)
                picture = cairn_patch_load(&s.patch, &work->in[0], cairn_image_of(&work->in[0], image),
                                           work->scratch);
            loaded = image;
        }
        find_rows(work, &s, picture, pixel, count, &b);
        multiply(work, &s, offsets, count, &b);
        activate(&s, &work->out[0], count, &b);
    }
}

const cairn_kernel CAIRN_KERNEL(conv2d_gemm) = {.name = "gemm",
                                                .isa = CAIRN_KERNEL_ISA,
                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                .plan = plan,
                                                .pack = pack,
                                                .run = run};
