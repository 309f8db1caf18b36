/* Gradient of local response normalisation. */
#include "ops/lrn/bracket.h"

/* Scratch: for each channel of a pixel s^-beta, and dy * x * s^(-beta-1). */
static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 30 * site->out[0].elements);
    site->scratch = (size_t)site->out[0].c * 2 * sizeof(double);
}

static void pixel_gradient(const cairn_lrn_attrs *attrs, const real *x, const real *dy, real *dx,
                           int64_t channels, double *power, double *inner)
{
    for (int64_t c = 0; c < channels; c++) {
        double s = cairn_lrn_bracket(attrs, x, c, channels);
        power[c] = cairn_lrn_power(s, attrs->beta);
        inner[c] = (double)dy[c] * (double)x[c] * power[c] / s;
    }
    for (int64_t c = 0; c < channels; c++) {
        cairn_lrn_window w = cairn_lrn_around(attrs, c, channels);
        double sum = 0;
        for (int64_t j = w.begin; j < w.end; j++)
            sum += inner[j];
        dx[c] = (real)((double)dy[c] * power[c] - 2.0 * attrs->beta * attrs->alpha * (double)x[c] * sum);
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1], *dx = &work->out[0];
    double *power = (double *)(void *)work->scratch, *inner = power + dx->c;
    for (int64_t n = work->begin; n < work->end; n++)
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++)
            pixel_gradient(work->attrs, (const real *)cairn_image_of(x, n) + pixel * x->pitch,
                           (const real *)cairn_image_of(dy, n) + pixel * dy->pitch,
                           cairn_image_of(dx, n) + pixel * dx->pitch, dx->c, power, inner);
}

const cairn_kernel CAIRN_KERNEL(lrn_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
