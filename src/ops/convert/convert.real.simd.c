/* Floats to bfloat16 and back, vectorised. */
#include "ops/real.h"
#include "ops/simd/copy.h"

#if defined(CAIRN_STORE_BF16)
static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        int64_t first = band.begin * y->w, pixels = band.end * y->w - first, count = y->c;
        if (x->pitch == count && y->pitch == count) { /* nothing lies between pixels */
            count *= pixels;
            pixels = 1;
        }
        for (int64_t pixel = first; pixel < first + pixels; pixel++) {
            int64_t from = band.image * cairn_image_stride(x) + pixel * x->pitch;
            int64_t to = band.image * cairn_image_stride(y) + pixel * y->pitch;
            if (y->element == CAIRN_BFLOAT16)
                cairn_narrow_pixel((cairn_bf16 *)(void *)y->data + to,
                                   (const float *)(const void *)x->data + from, count);
            else
                cairn_widen_pixel((float *)(void *)y->data + to,
                                  (const cairn_bf16 *)(const void *)x->data + from, count);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(convert) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
#endif
