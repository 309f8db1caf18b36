/* Gradient of a dense layer with respect to its input: reference. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->in[1].elements);
}

static void run(const cairn_work *work)
{
    int64_t outputs = work->in[0].c, inputs = work->out[0].c;
    const real *w = cairn_image_of(&work->in[1], 0);
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *dy = cairn_image_of(&work->in[0], n);
        real *dx = cairn_image_of(&work->out[0], n);
        for (int64_t i = 0; i < inputs; i++) {
            double sum = 0.0;
            for (int64_t o = 0; o < outputs; o++)
                sum += (double)dy[o] * (double)w[i * outputs + o];
            dx[i] = (real)sum;
        }
    }
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_data_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
