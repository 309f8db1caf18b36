/* Sum over images and pixels, vectorised over channels, or over those of several pixels if there are few. */
#include "ops/simd/channels.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->in[0].elements);
}

/* As many neighbouring pixels as fill whole vectors: 4 of 6 channels are three of 8 lanes. 1: channels had
 * better be taken as they are. */
static int64_t pixels_of_group(const cairn_operand *x)
{
    int64_t pixels = 1;
    if (x->pitch != x->c || x->c >= CAIRN_LANES)
        return 1;
    while (pixels * x->c % CAIRN_LANES != 0)
        pixels++;
    return pixels;
}

/* The sums of narrow pixels, from those of groups of them and of the pixels behind the last group. */
static void sum_groups(cairn_channel_pass pass, int64_t pixels, int64_t channels, float *to)
{
    cairn_channel_block block, rest;
    cairn_channel_pass groups = pass;
    double group[CAIRN_LANES * CAIRN_LANES], single[CAIRN_LANES];
    groups.x_pitch *= pixels;
    groups.pixels /= pixels;
    cairn_channel_block_of(&groups, CAIRN_TERM_X, 0, pixels * channels, &block);
    pass.x += groups.pixels * groups.x_pitch;
    pass.pixels %= pixels;
    cairn_channel_block_of(&pass, CAIRN_TERM_X, 0, channels, &rest);
    memcpy(group, block.sum, (size_t)(pixels * channels) * sizeof *group);
    memcpy(single, rest.sum, sizeof single);
    for (int64_t c = 0; c < channels; c++) {
        double sum = single[c];
        for (int64_t k = c; k < pixels * channels; k += channels)
            sum += group[k];
        to[c] = (float)sum;
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    cairn_channel_pass pass = cairn_channel_pass_of(work, x, NULL);
    int64_t pixels = pixels_of_group(x);
    if (pixels > 1)
        sum_groups(pass, pixels, x->c, cairn_params_of(&work->out[0]));
    else
        cairn_channel_sums(&pass, CAIRN_TERM_X, x->c, 1.0, cairn_params_of(&work->out[0]), NULL);
}

const cairn_kernel CAIRN_KERNEL(channel_sum) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
