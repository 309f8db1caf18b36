/* The pass of batch normalisation over its input, shared by its two forms. */
#ifndef CAIRN_OPS_BATCHNORM_APPLY_H
#define CAIRN_OPS_BATCHNORM_APPLY_H

#include "ops/activate.h"
#include "ops/batchnorm/channels.h"

/* y = act(factor * (x - mean) + beta + addend) for the channels of a block; addend may be NULL. */
static inline void cairn_norm_apply(cairn_activation_kind act, const cairn_operand *x, const cairn_operand *y,
                                    const cairn_operand *addend, int64_t image, int64_t first, int64_t count,
                                    const cairn_norm *norms)
{
    const real *from = (const real *)cairn_image_of(x, image) + first;
    const real *other = addend != NULL ? cairn_image_of(addend, image) + first : NULL;
    real *to = cairn_image_of(y, image) + first;
    for (int64_t pixel = 0; pixel < y->h * y->w; pixel++, from += x->pitch, to += y->pitch)
        for (int64_t c = 0; c < count; c++) {
            double sum = ((double)from[c] - norms[c].mean) * norms[c].factor + norms[c].beta;
            if (other != NULL)
                sum += (double)other[pixel * addend->pitch + c];
            to[c] = (real)cairn_activate(act, sum);
        }
}

#endif
