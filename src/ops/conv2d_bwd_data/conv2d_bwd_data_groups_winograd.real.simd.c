/* Gradient of the input of a 3 x 3 convolution at stride 1 with many narrow groups, by Winograd's F(4, 3): dy
 * convolved with the weights turned round; see groups/winograd.h. */
#include "ops/groups/winograd.h"

static cairn_gw setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    cairn_window w = cairn_groups_turned(&attrs->geometry.window);
    return cairn_gw_of(&w, attrs->groups, &site->in[0], &site->out[0]);
}

static bool fits(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return !cairn_is_float(&site->out[0]) && cairn_groups_span(attrs, site->in[0].c, site->out[0].c) &&
           cairn_groups_turns(w) && cairn_gw_fits(site, w, attrs->groups, &site->in[0], &site->out[0]);
}

static void plan(cairn_site *site)
{
    cairn_gw s = setup_of(site);
    cairn_gw_plan(site, &s);
}

static void pack(const cairn_work *work)
{
    cairn_gw s = setup_of(work->site);
    cairn_gw_pack(&s, work, true);
}

static void run(const cairn_work *work)
{
    cairn_gw s = setup_of(work->site);
    cairn_winograd_use use = {.addend = 2, .gate = 3};
    for (int64_t unit = work->begin; unit < work->end; unit++)
        cairn_gw_unit(work, &s, &use, unit);
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_data_groups_winograd) = {.name = "groups_winograd",
                                                                    .isa = CAIRN_KERNEL_ISA,
                                                                    .precisions = CAIRN_KERNEL_PRECISION,
                                                                    .fits = fits,
                                                                    .plan = plan,
                                                                    .pack = pack,
                                                                    .run = run};
