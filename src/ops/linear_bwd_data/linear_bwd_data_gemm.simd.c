/* Gradient of a dense layer with respect to its input, by the rows form of the matrix product with the transposed
 * weights, packed. */
#include "ops/gemm/dense.h"

static void plan(cairn_site *site)
{
    cairn_dense_plan(site);
    site->packed = cairn_gemm_packed(site->in[0].c, site->out[0].c) * sizeof(float);
    site->pack_units = cairn_ceil_div(site->out[0].c, CAIRN_DENSE_COLUMNS);
}

/* A unit is a panel: so many rows of the weights. */
static void pack(const cairn_work *work)
{
    int64_t outputs = work->site->in[0].c, inputs = work->site->out[0].c, first = work->begin * CAIRN_DENSE_COLUMNS;
    CAIRN_SIMD(cairn_gemm_pack)
    ((float *)(void *)work->packed + first * outputs, cairn_image_of(&work->in[1], 0) + first * outputs, outputs,
     cairn_min(work->end * CAIRN_DENSE_COLUMNS, inputs) - first, 1, outputs);
}

static void run(const cairn_work *work)
{
    cairn_dense dense = {.k = work->in[0].c,
                         .n = work->out[0].c,
                         .b = (const float *)(const void *)work->packed,
                         .packed = true,
                         .floor = -INFINITY};
    cairn_dense_run(work, &dense, NULL);
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_data_gemm) = {.name = "gemm",
                                                         .isa = CAIRN_KERNEL_ISA,
                                                         .precisions = CAIRN_KERNEL_PRECISION,
                                                         .plan = plan,
                                                         .pack = pack,
                                                         .run = run};
