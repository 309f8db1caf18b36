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

/* The same where 0 stands for an input that is never given. */
static inline bool cairn_gives(const cairn_site *site, int input)
{
    return input > 0 && cairn_has(site, input);
}

/* The usual answer of plan(): an image is a unit that costs so many operations. */
static inline void cairn_unit_is_image(cairn_site *site, int64_t flops)
{
    site->per_image = true;
    site->units = 1;
    site->unit_flops = cairn_max(flops, 1);
}

/* Another: a unit is a band of rows of an image of y. Pictures are divided, so that threads share even a
 * single one; how many bands follows from the shape alone. */
#define CAIRN_BAND_FLOPS 16000

static inline void cairn_unit_is_band(cairn_site *site, const cairn_operand *y, int64_t image_flops)
{
    site->per_image = true;
    site->units = cairn_max(1, cairn_min(y->h, image_flops / CAIRN_BAND_FLOPS));
    site->unit_flops = cairn_max(image_flops / site->units, 1);
}

typedef struct cairn_band {
    int64_t image, begin, end; /* rows */
} cairn_band;

static inline cairn_band cairn_band_of(const cairn_work *work, const cairn_operand *y, int64_t unit)
{
    int64_t units = work->site->units, band = unit % units;
    return (cairn_band){unit / units, cairn_part_begin(y->h, band, units),
                        cairn_part_begin(y->h, band + 1, units)};
}

#endif
