/* How kernels find their way in operands. */
#ifndef CAIRN_OPS_OPERAND_H
#define CAIRN_OPS_OPERAND_H

#include "ops/op.h"

/* Elements between neighbouring images of a batched operand. */
static inline int64_t cairn_image_stride(const cairn_operand *x)
{
    return x->h * x->w * x->pitch;
}

/* Elements between neighbouring rows of pixels. */
static inline int64_t cairn_row_stride(const cairn_operand *x)
{
    return x->w * x->pitch;
}

/* Is the operand given? Optional ones come last. */
static inline bool cairn_has(const cairn_site *site, int input)
{
    return input < site->inputs && site->in[input].shape != NULL;
}

/* The usual answer of plan(): an image is a unit that costs so many operations. */
static inline void cairn_unit_is_image(cairn_site *site, int64_t flops)
{
    site->per_image = true;
    site->units = 1;
    site->unit_flops = cairn_max(flops, 1);
}

#endif
