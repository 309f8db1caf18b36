/* RBF layer: reference. */
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 3 * site->in[1].elements);
}

static void run(const cairn_work *work)
{
    int64_t inputs = work->in[0].c;
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *x = cairn_image_of(&work->in[0], n);
        real *y = cairn_image_of(&work->out[0], n);
        for (int64_t k = 0; k < work->out[0].c; k++) {
            const real *code = cairn_image_of(&work->in[1], 0) + k * inputs;
            double sum = 0.0;
            for (int64_t i = 0; i < inputs; i++) {
                double difference = (double)x[i] - (double)code[i];
                sum += difference * difference;
            }
            y[k] = (real)-sum;
        }
    }
}

const cairn_kernel CAIRN_KERNEL(rbf_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
