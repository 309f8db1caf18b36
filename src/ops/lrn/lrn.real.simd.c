/* Local response normalisation, vectorised over channels, in doubles. */
#include "ops/lrn/rows.h"

/* Scratch: a row of squares. */
static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 20 * site->out[0].elements);
    site->scratch = cairn_lrn_row(site->attrs, site->out[0].c) * sizeof(double);
}

static void normalise(const cairn_lrn_attrs *attrs, const real *x, real *y, int64_t channels, double *squares)
{
    cairn_lrn_squares(attrs, x, channels, squares);
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        wide power, v = wide_of(vec_load_part(x + c, mask));
        cairn_lrn_brackets(attrs, squares, c, &power);
        vec_store_part(y + c, wide_round((wide){v.low * power.low, v.high * power.high}), mask);
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    double *squares = cairn_lrn_scratch(work, y->c, 0);
    memset(squares, 0, cairn_lrn_row(work->attrs, y->c) * sizeof *squares);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        for (int64_t pixel = band.begin * y->w; pixel < band.end * y->w; pixel++)
            normalise(work->attrs, cairn_image_of(x, band.image) + pixel * x->pitch,
                      cairn_image_of(y, band.image) + pixel * y->pitch, y->c, squares);
    }
}

const cairn_kernel CAIRN_KERNEL(lrn) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
