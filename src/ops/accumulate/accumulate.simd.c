/* Sum of the gradients of a step's runs, vectorised. */
#include "ops/simd/vector.h"
#include "ops/update.h"

static void plan(cairn_site *site)
{
    cairn_elementwise_plan(site, 2);
}

static void run(const cairn_work *work)
{
    const float *gradient = cairn_image_of(&work->in[0], 0);
    float *sum = cairn_image_of(&work->out[0], 0), share = (float)work->run->share;
    bool first = work->run->part == 0;
    int64_t begin, end;
    cairn_update_span(work, &begin, &end);
    for (int64_t i = begin; i < end; i += CAIRN_LANES) {
        vec_mask part = vec_first(end - i);
        vec added = share * vec_load_part(gradient + i, part);
        vec_store_part(sum + i, first ? added : vec_load_part(sum + i, part) + added, part);
    }
}

const cairn_kernel CAIRN_KERNEL(accumulate) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
