/* Gradient of local response normalisation, vectorised over channels, in doubles. */
#include "ops/lrn/rows.h"

/* Scratch: rows of squares, of s^-beta, and of dy * x * s^(-beta-1). */
static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 30 * site->out[0].elements);
    site->scratch = 3 * cairn_lrn_row(site->attrs, site->out[0].c) * sizeof(double);
}

static void pixel_gradient(const cairn_work *work, const float *x, const float *dy, float *dx)
{
    const cairn_lrn_attrs *attrs = work->attrs;
    int64_t channels = work->out[0].c;
    double *squares = cairn_lrn_scratch(work, channels, 0), *powers = cairn_lrn_scratch(work, channels, 1);
    double *inner = cairn_lrn_scratch(work, channels, 2), factor = -2.0 * attrs->beta * attrs->alpha;
    cairn_lrn_squares(attrs, x, channels, squares);
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        wide power, s = cairn_lrn_brackets(attrs, squares, c, &power);
        wide v = wide_of(vec_load_part(x + c, mask)), d = wide_of(vec_load_part(dy + c, mask));
        wide_store(powers + c, power);
        wide_store(inner + attrs->size / 2 + c,
                   (wide){d.low * v.low * power.low / s.low, d.high * v.high * power.high / s.high});
    }
    /* Windows expect zeros behind the channels, where s may have been zero. */
    memset(inner + attrs->size / 2 + channels, 0,
           (cairn_align((size_t)channels, CAIRN_LANES) - (size_t)channels) * sizeof *inner);
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        wide v = wide_of(vec_load_part(x + c, mask)), d = wide_of(vec_load_part(dy + c, mask));
        wide power = wide_load(powers + c), sum = cairn_lrn_sum(attrs, inner, c);
        vec_store_part(dx + c,
                       wide_round((wide){d.low * power.low + factor * v.low * sum.low,
                                         d.high * power.high + factor * v.high * sum.high}),
                       mask);
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1], *dx = &work->out[0];
    memset(work->scratch, 0, work->site->scratch);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, dx, unit);
        for (int64_t pixel = band.begin * dx->w; pixel < band.end * dx->w; pixel++)
            pixel_gradient(work, cairn_image_of(x, band.image) + pixel * x->pitch,
                           cairn_image_of(dy, band.image) + pixel * dy->pitch,
                           cairn_image_of(dx, band.image) + pixel * dx->pitch);
    }
}

const cairn_kernel CAIRN_KERNEL(lrn_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
