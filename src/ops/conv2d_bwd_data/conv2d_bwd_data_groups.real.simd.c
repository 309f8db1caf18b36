/* Gradient of the input of a convolution with many narrow groups, see groups/direct.h. */
#include "ops/groups/direct.h"
#include "ops/groups/winograd.h"

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return !cairn_has(site, 2) && !cairn_has(site, 3) && !cairn_is_float(&site->out[0]) &&
           cairn_groups_fit(attrs, site->in[0].c, site->out[0].c) && cairn_direct_can_go_back(w) &&
           !cairn_gw_better(site, w, attrs->groups);
}

static cairn_direct setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return cairn_direct_back(site, &attrs->geometry.window, attrs->groups);
}

static void plan(cairn_site *site)
{
    cairn_direct d = setup_of(site);
    cairn_direct_plan(site, &d);
}

static void pack(const cairn_work *work)
{
    cairn_direct d = setup_of(work->site);
    cairn_direct_pack(work, &d);
}

static void run(const cairn_work *work)
{
    cairn_direct d = setup_of(work->site);
    for (int64_t unit = work->begin; unit < work->end; unit++)
        cairn_direct_run(work, &d, unit);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_groups) = {.name = "groups",
                                                           .isa = CAIRN_KERNEL_ISA,
                                                           .precisions = CAIRN_KERNEL_PRECISION,
                                                           .fits = fits,
                                                           .plan = plan,
                                                           .pack = pack,
                                                           .run = run};
