/* Batch normalisation by the batch. */
#include "ops/batchnorm/apply.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *addend = cairn_has(work->site, 5) ? &work->in[5] : NULL;
    cairn_norm norms[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        cairn_norm_load(norms, work, 1, 3, first, count);
        for (int64_t n = work->begin; n < work->end; n++)
            cairn_norm_apply(attrs->act, x, &work->out[0], addend, n, first, count, norms);
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_train_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
