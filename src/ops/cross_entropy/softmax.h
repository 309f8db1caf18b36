/* What the cross-entropy and its gradient share, for any element type. Sums are in double: a handful of
 * numbers for each image, and the logarithm of a sum close to one must keep its digits. */
#ifndef CAIRN_OPS_CROSS_ENTROPY_SOFTMAX_H
#define CAIRN_OPS_CROSS_ENTROPY_SOFTMAX_H

#include "ops/real.h"
#include <math.h>

typedef struct cairn_softmax {
    double max; /* of the logits, the rubbish class included */
    double sum; /* of exp(logit - max) */
} cairn_softmax;

static inline cairn_softmax cairn_softmax_of(const cairn_cross_entropy_attrs *attrs, const real *x,
                                             int64_t classes)
{
    double rubbish = -attrs->rubbish_margin;
    cairn_softmax s = {.max = attrs->rubbish ? rubbish : (double)x[0]};
    for (int64_t k = 0; k < classes; k++)
        s.max = (double)x[k] > s.max ? (double)x[k] : s.max;
    for (int64_t k = 0; k < classes; k++)
        s.sum += exp((double)x[k] - s.max);
    if (attrs->rubbish)
        s.sum += exp(rubbish - s.max);
    return s;
}

/* The targets of one image. */
typedef struct cairn_target {
    const real *soft; /* probabilities, or NULL */
    int64_t label;
    double keep, spread; /* target = keep * given + spread */
} cairn_target;

static inline cairn_target cairn_target_of(const cairn_work *work, int64_t image)
{
    const cairn_cross_entropy_attrs *attrs = work->attrs;
    const cairn_operand *targets = &work->in[1];
    double s = attrs->smoothing;
    cairn_target t = {.label = -1, .keep = 1.0 - s, .spread = s / (double)work->in[0].c};
    if (attrs->soft)
        t.soft = cairn_image_of(targets, image);
    else
        t.label = ((const int32_t *)(const void *)targets->data)[image * cairn_image_stride(targets)];
    return t;
}

/* A label that is no class has no target: the loss is no number, which the finiteness check of the update
 * sees. */
static inline bool cairn_target_valid(const cairn_target *t, int64_t classes)
{
    return t->soft != NULL || (t->label >= 0 && t->label < classes);
}

static inline double cairn_target_at(const cairn_target *t, int64_t k)
{
    double given = t->soft != NULL ? (double)t->soft[k] : k == t->label ? 1.0 : 0.0;
    return t->keep * given + t->spread;
}

#endif
