/* Gradient of a dense layer with respect to its weights: reference. A unit is a row of the weights, over the
 * whole batch. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    site->units = site->in[0].c;
    site->unit_flops = 2 * site->capacity * site->in[1].c;
}

static void run(const cairn_work *work)
{
    int64_t outputs = work->in[1].c;
    for (int64_t i = work->begin; i < work->end; i++) {
        real *row = cairn_image_of(&work->out[0], 0) + i * outputs;
        for (int64_t o = 0; o < outputs; o++) {
            double sum = 0.0;
            for (int64_t n = 0; n < work->run->n; n++)
                sum +=
                    (double)cairn_image_of(&work->in[0], n)[i] * (double)cairn_image_of(&work->in[1], n)[o];
            row[o] = (real)sum;
        }
    }
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_weights_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
