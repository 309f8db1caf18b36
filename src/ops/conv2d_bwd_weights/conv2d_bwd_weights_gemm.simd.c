/* Gradient of a convolution with respect to its weights, by the outer form of the matrix product. Where an
 * image has many output pixels, an image is the unit and the sum over images is the plan's; with a single
 * output pixel the unit is a part of the weights, over the whole batch. */
#include "ops/gemm/patch.h"

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
    setup s = {.attrs = attrs, .patch = cairn_patch_of(attrs, &site->in[0]), .out_c = dy->c / attrs->groups};
    s.by_weights = dy->h * dy->w == 1 && !s.patch.padded;
    s.parts = cairn_ceil_div(s.patch.length, ROWS_PER_UNIT);
    return s;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[1];
    site->scratch = cairn_patch_scratch(&s.patch);
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
                                 .a = cairn_image_of(x, 0) + cairn_patch_offset(&s->patch, segment) +
                                      group * s->patch.length + first,
                                 .b = cairn_image_of(dy, 0) + group * s->out_c,
                                 .c = cairn_image_of(&work->out[0], 0) +
                                      (segment * s->patch.length + first) * dy->c + group * s->out_c,
                                 .p = cairn_min(ROWS_PER_UNIT, s->patch.length - first),
                                 .n = s->out_c,
                                 .ldc = dy->c};
        CAIRN_SIMD(cairn_gemm_outer)(&gemm);
    }
}

static void run_image(const cairn_work *work, const setup *s, int64_t image)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    const float *picture = cairn_patch_load(&s->patch, x, cairn_image_of(x, image), work->scratch);
    const float *gradient = cairn_image_of(dy, image);
    float *dw = cairn_image_of(&work->out[0], 0);
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
    for (int64_t image = work->begin; image < work->end; image++)
        run_image(work, &s, image);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_gemm) = {
    .name = "gemm", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
