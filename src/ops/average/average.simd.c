/* Moving average of weights, vectorised. */
#include "ops/average/decay.h"
#include "ops/simd/vector.h"
#include "ops/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 3);
}

static void run(const cairn_work *work)
{
    const float *w = cairn_image_of(&work->in[1], 0);
    float *shadow = cairn_image_of(&work->out[0], 0);
    double d = cairn_average_decay(work);
    float keep = (float)d, share = (float)(1.0 - d);
    int64_t begin, end;
    if (*(const int32_t *)(const void *)work->in[2].data == 0)
        return;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i += CAIRN_LANES) {
        vec_mask part = vec_first(end - i);
        vec averaged = keep * vec_load_part(shadow + i, part) + share * vec_load_part(w + i, part);
        vec_store_part(shadow + i, averaged, part);
    }
}

const cairn_kernel CAIRN_KERNEL(average) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
