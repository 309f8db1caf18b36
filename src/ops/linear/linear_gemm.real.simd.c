/* Dense layer by the rows form of the matrix product: rows are images. See dense.h. */
#include "ops/gemm/dense.h"
#include "ops/simd/functions.h"

static cairn_dense dense_of(const cairn_work *work)
{
    const cairn_linear_attrs *attrs = work->attrs;
    int64_t k = work->site->in[0].c, n = work->site->out[0].c;
    bool turned = work->in[1].turned;
    return (cairn_dense){.k = k,
                         .n = n,
                         .k_step = turned ? 1 : n,
                         .n_step = turned ? k : 1,
                         .b = cairn_params_of(&work->in[1]),
                         .bias = cairn_has(work->site, 2) ? cairn_params_of(&work->in[2]) : NULL,
                         .floor = attrs->act == CAIRN_ACT_RELU ? 0.0f : -INFINITY};
}

static void plan(cairn_site *site)
{
    cairn_dense_plan(site, false);
    site->pack_columns = site->packed > 0 ? CAIRN_DENSE_COLUMNS : 0;
}

/* A unit is a panel. */
static void pack(const cairn_work *work)
{
    cairn_dense dense = dense_of(work);
    cairn_dense_pack(&dense, work->begin, work->end,
                     work->packed + (size_t)work->begin * cairn_dense_panel_bytes(dense.k));
}

/* Floats of a plan in bfloat16 have no activation, see fits(). */
static void activate(const cairn_work *work, void *const *c, int64_t rows, int64_t columns)
{
    cairn_activation_kind act = ((const cairn_linear_attrs *)work->attrs)->act;
    if (act == CAIRN_ACT_NONE || act == CAIRN_ACT_RELU)
        return;
    for (int64_t i = 0; i < rows; i++)
        vec_activate_span(act, (real *)c[i], (real *)c[i], columns);
}

static void run(const cairn_work *work)
{
    cairn_dense dense = dense_of(work);
    cairn_dense_run(work, &dense, false, activate);
}

const cairn_kernel CAIRN_KERNEL(linear_gemm) = {.name = "gemm",
                                                .isa = CAIRN_KERNEL_ISA,
                                                .precisions = CAIRN_KERNEL_PRECISION,
                                                .plan = plan,
                                                .pack = pack,
                                                .run = run};
