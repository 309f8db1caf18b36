/* Bytes to numbers through a table, for each level: the one channel of grey pictures, and pixels without
 * gaps. */
#include "ops/real.h"

static bool fits(const cairn_site *site)
{
    return site->in[0].c == 1 && site->in[0].pitch == 1 && site->out[0].pitch == 1;
}

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 2 * site->out[0].elements);
}

static void look_up(float *restrict to, const uint8_t *restrict from, const float *restrict table,
                    int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = table[from[i]];
}

static void run(const cairn_work *work)
{
    int64_t elements = work->out[0].elements;
    look_up(cairn_image_of(&work->out[0], work->begin),
            (const uint8_t *)work->in[0].data + work->begin * elements, cairn_image_of(&work->in[1], 0),
            (work->end - work->begin) * elements);
}

const cairn_kernel CAIRN_KERNEL(normalize_grey) = {.name = "grey",
                                                   .isa = CAIRN_KERNEL_ISA,
                                                   .precisions = CAIRN_KERNEL_PRECISION,
                                                   .fits = fits,
                                                   .plan = plan,
                                                   .run = run};
