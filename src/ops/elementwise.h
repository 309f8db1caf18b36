/* The loop of kernels that work element by element on operands of one shape: batched ones pixel by pixel
 * where a pitch demands it, unbatched ones in blocks. A kernel gives the body for one contiguous span. */
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
        cairn_unit_is_image(site, out->elements * flops_per_element);
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
        int64_t image = out->batched ? unit : 0, first = out->batched ? 0 : unit * CAIRN_ELEMENT_BLOCK;
        int64_t count = out->batched ? out->elements : cairn_min(CAIRN_ELEMENT_BLOCK, out->elements - first);
        real *y = cairn_image_of(out, image) + first;
        const real *p = cairn_image_of(a, image) + first,
                   *q = b != NULL ? cairn_image_of(b, image) + first : NULL;
        if (!out->batched ||
            (cairn_pixels_touch(out) && cairn_pixels_touch(a) && (b == NULL || cairn_pixels_touch(b)))) {
            span(work->attrs, y, p, q, count);
            continue;
        }
        for (int64_t pixel = 0; pixel < out->h * out->w; pixel++)
            span(work->attrs, y + pixel * out->pitch, p + pixel * a->pitch,
                 q != NULL ? q + pixel * b->pitch : NULL, out->c);
    }
}

#endif
