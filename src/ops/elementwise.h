/* The loop of kernels that work element by element on operands of one shape: batched ones in bands of rows,
 * pixel by pixel where a pitch demands it, unbatched ones in blocks. A kernel gives the body for one
 * contiguous span. */
#ifndef CAIRN_OPS_ELEMENTWISE_H
#define CAIRN_OPS_ELEMENTWISE_H

#include "ops/real.h"

#define CAIRN_ELEMENT_BLOCK 4096

/* out[i] = f(a[i], b[i]) for count elements; b is NULL with one input. */
typedef void cairn_span(const void *attrs, real *restrict out, const real *a, const real *b, int64_t count);

static inline void cairn_elementwise_plan(cairn_site *site, int64_t flops_per_element)
{
    const cairn_operand *out = &site->out[0];
    if (out->batched) {
        cairn_unit_is_band(site, out, out->elements * flops_per_element);
        return;
    }
    site->units = cairn_ceil_div(out->elements, CAIRN_ELEMENT_BLOCK);
    site->unit_flops = CAIRN_ELEMENT_BLOCK * flops_per_element;
}

static inline bool cairn_pixels_touch(const cairn_operand *x)
{
    return x->pitch == x->c;
}

static inline __attribute__((always_inline)) void cairn_elementwise_run(const cairn_work *work,
                                                                        cairn_span *span)
{
    const cairn_operand *out = &work->out[0], *a = &work->in[0],
                        *b = work->site->inputs > 1 ? &work->in[1] : NULL;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        if (!out->batched) {
            int64_t first = unit * CAIRN_ELEMENT_BLOCK;
            span(work->attrs, cairn_image_of(out, 0) + first, cairn_image_of(a, 0) + first,
                 b != NULL ? cairn_image_of(b, 0) + first : NULL,
                 cairn_min(CAIRN_ELEMENT_BLOCK, out->elements - first));
            continue;
        }
        cairn_band band = cairn_band_of(work, out, unit);
        int64_t first = band.begin * out->w, pixels = (band.end - band.begin) * out->w;
        real *y = cairn_image_of(out, band.image) + first * out->pitch;
        const real *p = cairn_image_of(a, band.image) + first * a->pitch,
                   *q = b != NULL ? cairn_image_of(b, band.image) + first * b->pitch : NULL;
        if (cairn_pixels_touch(out) && cairn_pixels_touch(a) && (b == NULL || cairn_pixels_touch(b))) {
            span(work->attrs, y, p, q, pixels * out->c);
            continue;
        }
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            span(work->attrs, y + pixel * out->pitch, p + pixel * a->pitch,
                 q != NULL ? q + pixel * b->pitch : NULL, out->c);
    }
}

#endif
