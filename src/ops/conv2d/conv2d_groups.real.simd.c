/* Convolution with many narrow groups; see groups.h. */
#include "ops/groups/winograd.h"

static cairn_groups groups_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    cairn_groups g = cairn_groups_of(&attrs->geometry.window, attrs->groups, &site->in[0], &site->out[0],
                                     cairn_groups_unit_of(site->in[0].c / attrs->groups));
    g.act = attrs->act;
    g.sequence = cairn_groups_sequence(site->exact);
    return g;
}

/* At strides few tiles see the same pixel, and groups of more than a vector are better fed as matrices. */
static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    int64_t width = site->in[0].c / attrs->groups;
    return !cairn_has(site, 3) && !cairn_is_float(&site->out[0]) &&
           cairn_groups_fit(attrs, site->in[0].c, site->out[0].c) &&
           (w->stride_w == 1 || width <= CAIRN_LANES) &&
           (cairn_gw_needless(width) || !cairn_gw_fits(site, w, attrs->groups, &site->in[0], &site->out[0]));
}

static void plan(cairn_site *site)
{
    cairn_groups g = groups_of(site);
    cairn_groups_plan(site, &g, &site->out[0]);
}

static void pack(const cairn_work *work)
{
    cairn_groups g = groups_of(work->site);
    cairn_groups_pack(&g, cairn_params_of(&work->in[1]), (float *)(void *)work->packed, false);
}

static void run(const cairn_work *work)
{
    cairn_groups g = groups_of(work->site);
    g.bias = cairn_has(work->site, 2) ? cairn_params_of(&work->in[2]) : NULL;
    for (int64_t unit = work->begin; unit < work->end; unit++)
        cairn_groups_run(work, &g, unit);
}

const cairn_kernel CAIRN_KERNEL(conv2d_groups) = {.name = "groups",
                                                  .isa = CAIRN_KERNEL_ISA,
                                                  .precisions = CAIRN_KERNEL_PRECISION,
                                                  .fits = fits,
                                                  .plan = plan,
                                                  .pack = pack,
                                                  .run = run};
