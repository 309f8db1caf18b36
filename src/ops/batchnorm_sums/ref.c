/* Sums of dy and of dy times the normalised input, of the images of the work. */
#include "ops/batchnorm/channels.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    cairn_norm norms[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        double plain[CAIRN_NORM_BLOCK] = {0}, weighted[CAIRN_NORM_BLOCK] = {0};
        cairn_norm_load(norms, work, 2, 4, first, count);
        for (int64_t n = work->begin; n < work->end; n++) {
            const real *from = (const real *)cairn_image_of(x, n) + first;
            const real *gradient = (const real *)cairn_image_of(dy, n) + first;
            for (int64_t pixel = 0; pixel < x->h * x->w; pixel++, from += x->pitch, gradient += dy->pitch)
                for (int64_t c = 0; c < count; c++) {
                    double d = cairn_norm_gate(attrs->act, &norms[c], (double)from[c], (double)gradient[c]);
                    plain[c] += d;
                    weighted[c] += d * ((double)from[c] - norms[c].mean);
                }
        }
        for (int64_t c = 0; c < count; c++) {
            cairn_image_of(&work->out[0], 0)[first + c] = (real)plain[c];
            cairn_image_of(&work->out[1], 0)[first + c] = (real)(weighted[c] * norms[c].rstd);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_sums_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
