/* Convolution 1 x 1 by Strassen's product; see gemm/pointwise.h. */
#include "ops/conv2d/cost.h"
#include "ops/gemm/pointwise.h"

static cairn_pointwise setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    cairn_pointwise_use use = {
        .stride_h = w->stride_h, .stride_w = w->stride_w, .act = attrs->act, .bias = 2, .addend = 3};
    return cairn_pointwise_of(site, use);
}

static bool fits(const cairn_site *site)
{
    return cairn_pointwise_can(site, site->attrs, &site->in[0], &site->out[0]);
}

static void plan(cairn_site *site)
{
    cairn_pointwise s = setup_of(site);
    cairn_pointwise_plan(site, &s);
}

static void pack(const cairn_work *work)
{
    cairn_pointwise s = setup_of(work->site);
    cairn_pointwise_pack(work, &s, work->site->out[0].c, 1);
}

static void run(const cairn_work *work)
{
    cairn_pointwise s = setup_of(work->site);
    cairn_pointwise_run(work, &s);
}

static double cost(const cairn_site *site, const cairn_machine *machine)
{
    return cairn_conv2d_cost_strassen(site, &site->out[0], machine);
}

const cairn_kernel CAIRN_KERNEL(conv2d_strassen) = {.name = "strassen",
                                                    .isa = CAIRN_KERNEL_ISA,
                                                    .precisions = CAIRN_KERNEL_PRECISION,
                                                    .fits = fits,
                                                    .cost = cost,
                                                    .plan = plan,
                                                    .pack = pack,
                                                    .run = run};
