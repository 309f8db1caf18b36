/* Dense layer by the rows form of the matrix product: rows are images. Weights are used where they lie, unless their rows
 * fall into few sets of the caches. */
#include "ops/gemm/dense.h"
#include "ops/simd/functions.h"

static bool wants_packing(const cairn_site *site)
{
    return site->out[0].c % 256 == 0;
}

static void plan(cairn_site *site)
{
    cairn_dense_plan(site);
    if (wants_packing(site)) {
        site->packed = cairn_gemm_packed(site->in[0].c, site->out[0].c) * sizeof(float);
        site->pack_units = cairn_ceil_div(site->out[0].c, CAIRN_DENSE_COLUMNS);
    }
}

/* A unit is a panel. */
static void pack(const cairn_work *work)
{
    int64_t k = work->site->in[0].c, n = work->site->out[0].c, column = work->begin * CAIRN_DENSE_COLUMNS;
    CAIRN_SIMD(cairn_gemm_pack)
    ((float *)(void *)work->packed + column * k, cairn_image_of(&work->in[1], 0) + column, k,
     cairn_min(work->end * CAIRN_DENSE_COLUMNS, n) - column, n, 1);
}

static void activate(const cairn_work *work, float *const *c, int64_t rows, int64_t columns)
{
    cairn_activation_kind act = ((const cairn_linear_attrs *)work->attrs)->act;
    if (act == CAIRN_ACT_NONE || act == CAIRN_ACT_RELU)
        return;
    for (int64_t i = 0; i < rows; i++)
        vec_activate_span(act, c[i], c[i], columns);
}

static void run(const cairn_work *work)
{
    const cairn_linear_attrs *attrs = work->attrs;
    bool packed = wants_packing(work->site);
    cairn_dense dense = {.k = work->in[0].c,
                         .n = work->out[0].c,
                         .ldb = work->out[0].c,
                         .b = packed ? (const float *)(const void *)work->packed : cairn_image_of(&work->in[1], 0),
                         .bias = cairn_has(work->site, 2) ? cairn_image_of(&work->in[2], 0) : NULL,
                         .packed = packed,
                         .floor = attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY};
    cairn_dense_run(work, &dense, activate);
}

const cairn_kernel CAIRN_KERNEL(linear_gemm) = {.name = "gemm",
                                                .isa = CAIRN_KERNEL_ISA,
                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                .plan = plan,
                                                .pack = pack,
                                                .run = run};
