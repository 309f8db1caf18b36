/* Scale and bias, vectorised over channels. */
#include "ops/real.h"
#include "ops/simd/functions.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
}

static void pixel(real *restrict y, const real *x, const float *scale, const float *bias, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec result = vec_load_part(x + c, mask) * vec_load_part(scale + c, mask);
        if (bias != NULL)
            result += vec_load_part(bias + c, mask);
        vec_store_part(y + c, result, mask);
    }
}

static void run(const cairn_work *work)
{
    cairn_activation_kind act = ((const cairn_scale_bias_attrs *)work->attrs)->act;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const float *scale = cairn_params_of(&work->in[1]);
    const float *bias = cairn_has(work->site, 2) ? cairn_params_of(&work->in[2]) : NULL;
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *from = cairn_image_of(x, n);
        real *to = cairn_image_of(y, n);
        for (int64_t i = 0; i < y->h * y->w; i++)
            pixel(to + i * y->pitch, from + i * x->pitch, scale, bias, y->c);
        if (act == CAIRN_ACT_NONE)
            continue;
        if (y->pitch == y->c)
            vec_activate_span(act, to, to, y->elements);
        for (int64_t i = 0; i < y->h * y->w && y->pitch != y->c; i++)
            vec_activate_span(act, to + i * y->pitch, to + i * y->pitch, y->c);
    }
}

const cairn_kernel CAIRN_KERNEL(scale_bias) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
