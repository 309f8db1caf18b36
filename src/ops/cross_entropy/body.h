/* Cross-entropy, for any element type. */
#include "ops/cross_entropy/softmax.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 40 * site->in[0].elements);
}

/* sum of target * (log(sum of exp) - x); with the targets in one pass. */
static double loss_of(const cairn_work *work, int64_t image)
{
    int64_t classes = work->in[0].c;
    const real *x = cairn_image_of(&work->in[0], image);
    cairn_target target = cairn_target_of(work, image);
    if (!cairn_target_valid(&target, classes))
        return (double)NAN;
    cairn_softmax s = cairn_softmax_of(work->attrs, x, classes);
    double log_sum = log(s.sum), loss = 0.0;
    for (int64_t k = 0; k < classes; k++) {
        double share = cairn_target_at(&target, k);
        if (share != 0.0)
            loss += share * (log_sum - ((double)x[k] - s.max));
    }
    return loss;
}

static void run(const cairn_work *work)
{
    for (int64_t n = work->begin; n < work->end; n++) {
        double weight = cairn_has(work->site, 2) ? (double)cairn_image_of(&work->in[2], n)[0] : 1.0;
        cairn_image_of(&work->out[0], n)[0] = (real)(weight * loss_of(work, n));
    }
}
