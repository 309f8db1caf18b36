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
    cairn_norm norms[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        for (int64_t c = 0; c < count; c++) {
            double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[4], first + c);
            double variance = cairn_channel_number(&work->in[3], first + c);
            norms[c] = (cairn_norm){.mean = cairn_channel_number(&work->in[2], first + c),
                                    .factor = gamma / sqrt(variance + attrs->eps),
                                    .beta = cairn_channel_number(&work->in[1], first + c)};
        }
        for (int64_t n = work->begin; n < work->end; n++)
            cairn_norm_apply(attrs->act, x, &work->out[0], NULL, n, first, count, norms);
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
