/* Gradient of a 1 x 1 convolution at stride 1 with respect to its input, by Strassen's product: dy times the
 * transposed weights; see gemm/pointwise.h. */
#include "ops/conv2d/cost.h"
#include "ops/gemm/pointwise.h"

static cairn_pointwise setup_of(const cairn_site *site)
{
    cairn_pointwise_use use = {.stride_h = 1, .stride_w = 1, .addend = 2, .gate = 3};
    return cairn_pointwise_of(site, use);
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return w->stride_h == 1 && w->stride_w == 1 &&
           cairn_pointwise_can(site, attrs, &site->in[0], &site->out[0]);
}

static void plan(cairn_site *site)
{
    cairn_pointwise s = setup_of(site);
    cairn_pointwise_plan(site, &s);
}

static void pack(const cairn_work *work)
{
    cairn_pointwise s = setup_of(work->site);
    cairn_pointwise_pack(work, &s, 1, work->site->in[0].c);
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

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_strassen) = {.name = "strassen",
                                                             .isa = CAIRN_KERNEL_ISA,
                                                             .precisions = CAIRN_KERNEL_PRECISION,
                                                             .fits = fits,
                                                             .cost = cost,
                                                             .plan = plan,
                                                             .pack = pack,
                                                             .run = run};
