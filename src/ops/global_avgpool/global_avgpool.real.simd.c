/* Mean over all pixels, vectorised over channels. */
#include "ops/simd/channels.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, site->in[0].elements);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    int64_t pixels = x->h * x->w;
    for (int64_t n = work->begin; n < work->end; n++) {
        cairn_channel_pass pass = {
            .x = cairn_image_of(x, n), .x_pitch = x->pitch, .pixels = pixels, .exact = work->site->exact};
        cairn_channel_sums(&pass, CAIRN_TERM_X, x->c, 1.0 / (double)pixels, NULL,
                           cairn_image_of(&work->out[0], n));
    }
}

const cairn_kernel CAIRN_KERNEL(global_avgpool) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
