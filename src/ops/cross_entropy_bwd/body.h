/* Gradient of the cross-entropy, for any element type: (softmax * sum of targets - target) * d_loss. */
#include "ops/cross_entropy/softmax.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 40 * site->in[0].elements);
}

static void run(const cairn_work *work)
{
    int64_t classes = work->in[0].c;
    for (int64_t n = work->begin; n < work->end; n++) {
        const real *x = cairn_image_of(&work->in[0], n);
        real *dx = cairn_image_of(&work->out[0], n);
        double factor = (double)cairn_image_of(&work->in[2], n)[0];
        if (cairn_has(work->site, 3))
            factor *= (double)cairn_image_of(&work->in[3], n)[0];
        cairn_target target = cairn_target_of(work, n);
        if (!cairn_target_valid(&target, classes))
            factor = (double)NAN;
        cairn_softmax s = cairn_softmax_of(work->attrs, x, classes);
        double total = 0.0;
        for (int64_t k = 0; k < classes; k++)
            total += cairn_target_at(&target, k);
        for (int64_t k = 0; k < classes; k++)
            dx[k] =
                (real)(factor * (exp((double)x[k] - s.max) / s.sum * total - cairn_target_at(&target, k)));
    }
}
