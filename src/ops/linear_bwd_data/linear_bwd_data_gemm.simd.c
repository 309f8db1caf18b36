/* Gradient of a dense layer with respect to its input, by the rows form of the matrix product with the
 * transposed weights. See dense.h. */
#include "ops/gemm/dense.h"

static cairn_dense dense_of(const cairn_work *work)
{
    int64_t k = work->site->in[0].c;
    return (cairn_dense){.k = k,
                         .n = work->site->out[0].c,
                         .k_step = 1,
                         .n_step = k,
                         .b = cairn_image_of(&work->in[1], 0),
                         .floor = -INFINITY};
}

static void plan(cairn_site *site)
{
    cairn_dense_plan(site, true);
}

/* A unit is a panel: so many rows of the weights. */
static void pack(const cairn_work *work)
{
    cairn_dense dense = dense_of(work);
    cairn_dense_pack(&dense, work->begin, work->end,
                     work->packed + (size_t)work->begin * cairn_dense_panel_bytes(dense.k));
}

static void run(const cairn_work *work)
{
    cairn_dense dense = dense_of(work);
    cairn_dense_run(work, &dense, true, NULL);
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_data_gemm) = {.name = "gemm",
                                                         .isa = CAIRN_KERNEL_ISA,
                                                         .precisions = CAIRN_KERNEL_PRECISION,
                                                         .plan = plan,
                                                         .pack = pack,
                                                         .run = run};
