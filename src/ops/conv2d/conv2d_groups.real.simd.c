/* Convolution with many narrow groups; see groups.h. */
#include "ops/groups/groups.h"

static cairn_groups groups_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    cairn_groups g = cairn_groups_of(&attrs->geometry.window, attrs->groups, &site->in[0], &site->out[0]);
    g.act = attrs->act;
    return g;
}

/* At strides few tiles see the same pixel, and groups of more than a vector are better fed as matrices. */
static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    return !cairn_has(site, 3) && !cairn_is_float(&site->out[0]) &&
           cairn_groups_fit(attrs, site->in[0].c, site->out[0].c) &&
           (attrs->geometry.window.stride_w == 1 || site->in[0].c / attrs->groups <= CAIRN_LANES);
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
        cairn_groups_unit(work, &g, unit);
}

const cairn_kernel CAIRN_KERNEL(conv2d_groups) = {.name = "groups",
                                                  .isa = CAIRN_KERNEL_ISA,
                                                  .precisions = CAIRN_KERNEL_PRECISION,
                                                  .fits = fits,
                                                  .plan = plan,
                                                  .pack = pack,
                                                  .run = run};
