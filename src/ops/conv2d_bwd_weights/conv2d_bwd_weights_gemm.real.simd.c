/* Gradient of a convolution with respect to its weights, by the outer form of the matrix product. Where an
 * image has many output pixels, an image is the unit and the sum over images is the plan's; with a single
 * output pixel the unit is a part of the weights, over the whole batch. Pictures in bfloat16 are copied into
 * floats first. */
#include "ops/gemm/patch.h"
#include "ops/simd/copy.h"

enum { WIDENS = sizeof(real) < sizeof(float) };

#define ROWS_PER_UNIT 48 /* of the weights; a multiple of every tile height */

typedef struct setup {
    const cairn_conv2d_attrs *attrs;
    cairn_patch patch;
    int64_t out_c; /* of a group */
    int64_t parts; /* of a segment, where the unit is a part of the weights */
    bool by_weights;
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_operand *dy = &site->in[1];
    cairn_operand x = site->in[0];
    if (WIDENS)
        x.pitch = x.c;
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, &x), .out_c = dy->c / attrs->groups};
    s.by_weights = !WIDENS && dy->h * dy->w == 1 && !s.patch.padded;
    s.parts = cairn_ceil_div(s.patch.length, ROWS_PER_UNIT);
    return s;
}

static int64_t picture_elements(const cairn_patch *p)
{
    return p->h * p->w * p->c;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[1];
    site->scratch = WIDENS ? (size_t)(picture_elements(&s.patch) + dy->elements) * sizeof(float)
                           : cairn_patch_scratch(&s.patch);
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

#if defined(CAIRN_STORE_BF16)
/* The picture with its padding, and dy, in floats that touch. */
static const float *widen_picture(const cairn_patch *p, const cairn_operand *x, const real *image, float *to)
{
    memset(to, 0, (size_t)picture_elements(p) * sizeof *to);
    for (int64_t row = 0; row < x->h; row++)
        for (int64_t i = 0; i < x->w; i++)
            cairn_widen_pixel(to + ((row + p->window->pad_top) * p->w + p->window->pad_left + i) * p->c,
                              image + row * cairn_row_stride(x) + i * x->pitch, x->c);
    return to;
}

static const float *widen_gradient(const cairn_operand *dy, const real *image, float *to)
{
    for (int64_t i = 0; i < dy->h * dy->w; i++)
        cairn_widen_pixel(to + i * dy->c, image + i * dy->pitch, dy->c);
    return to;
}
#endif

static void run_image(const cairn_work *work, const setup *s, int64_t image)
{
    const cairn_operand *x = &work->in[0];
    cairn_operand seen = work->in[1], *dy = &seen;
#if defined(CAIRN_STORE_BF16)
    float *room = (float *)(void *)work->scratch;
    const float *picture = widen_picture(&s->patch, x, cairn_image_of(x, image), room);
    const float *gradient = widen_gradient(dy, cairn_image_of(dy, image), room + picture_elements(&s->patch));
    dy->pitch = dy->c;
#else
    const float *picture = cairn_patch_load(&s->patch, x, cairn_image_of(x, image), work->scratch);
    const float *gradient = cairn_image_of(dy, image);
#endif
    float *dw = cairn_params_of(&work->out[0]);
    cairn_gemm_outer gemm = {.count = {dy->w, dy->h, 1},
                             .a_step = {s->patch.step_w, s->patch.step_h},
                             .b_step = {dy->pitch, cairn_row_stride(dy)},
                             .p = s->patch.length,
                             .n = s->out_c,
                             .ldc = dy->c,
                             .add = image > work->begin};
    for (int64_t group = 0; group < s->attrs->groups; group++)
        for (int64_t segment = 0; segment < s->patch.segments; segment++) {
            gemm.a = picture + cairn_patch_offset(&s->patch, segment) + group * s->patch.length;
            gemm.b = gradient + group * s->out_c;
            gemm.c = dw + segment * s->patch.length * dy->c + group * s->out_c;
            CAIRN_SIMD_FLOAT(cairn_gemm_outer)(&gemm);
        }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    if (s.by_weights) {
        run_weights(work, &s);
        return;
    }
    for (int64_t image = work->begin; image < work->end; image++)
        run_image(work, &s, image);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_gemm) = {
    .name = "gemm", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
