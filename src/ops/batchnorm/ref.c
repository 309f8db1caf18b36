/* Batch normalisation by the running statistics. */
#include "ops/batchnorm/apply.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0];
    double mean[CAIRN_NORM_BLOCK], factor[CAIRN_NORM_BLOCK], shift[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        for (int64_t c = 0; c < count; c++) {
            double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[4], first + c);
            shift[c] = cairn_channel_number(&work->in[1], first + c);
            mean[c] = cairn_channel_number(&work->in[2], first + c);
            factor[c] = gamma / sqrt(cairn_channel_number(&work->in[3], first + c) + attrs->eps);
        }
        for (int64_t n = work->begin; n < work->end; n++)
            cairn_norm_apply(attrs->act, x, &work->out[0], n, first, count, mean, factor, shift);
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
