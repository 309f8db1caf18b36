/* The numbers of Adam's vectorised rule, and its two means. */
#ifndef CAIRN_OPS_ADAM_RULE_H
#define CAIRN_OPS_ADAM_RULE_H

#include "ops/simd/update.h"

typedef struct adam_rule {
    float lr, decay, keep, beta1, share1, beta2, share2, eps;
    float mean_scale, square_scale; /* one by what is missing to the means' full weight */
} adam_rule;

CAIRN_INLINE adam_rule adam_rule_of(const cairn_work *work)
{
    const cairn_adam_attrs *attrs = work->attrs;
    double lr = work->run->lr * attrs->lr_factor;
    int64_t t = work->run->step + 1;
    return (adam_rule){.lr = (float)lr,
                       .decay = attrs->decoupled ? 0.0f : (float)attrs->weight_decay,
                       .keep = attrs->decoupled ? (float)(1.0 - lr * attrs->weight_decay) : 1.0f,
                       .beta1 = (float)attrs->beta1,
                       .share1 = (float)(1.0 - attrs->beta1),
                       .beta2 = (float)attrs->beta2,
                       .share2 = (float)(1.0 - attrs->beta2),
                       .eps = (float)attrs->eps,
                       .mean_scale = (float)(1.0 / (1.0 - cairn_power(attrs->beta1, t))),
                       .square_scale = (float)(1.0 / (1.0 - cairn_power(attrs->beta2, t)))};
}

/* Moves both means on by the gradient d. */
CAIRN_INLINE void adam_means(const adam_rule *r, vec d, vec *mean, vec *square)
{
    *mean = r->beta1 * *mean + r->share1 * d;
    *square = r->beta2 * *square + r->share2 * (d * d);
}

/* The direction that the means give. */
CAIRN_INLINE vec adam_direction(const adam_rule *r, vec mean, vec square)
{
    return mean * r->mean_scale / (vec_sqrt(square * r->square_scale) + r->eps);
}

#endif
