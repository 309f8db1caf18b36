/* Running statistics. */
#include "ops/batchnorm/channels.h"

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    double n = (double)(work->run->n * attrs->pixels), share = attrs->momentum;
    double divisor = attrs->biased || n < 2 ? n : n - 1;
    real *mean = cairn_image_of(&work->out[0], 0), *var = cairn_image_of(&work->out[1], 0);
    if (*(const int32_t *)(const void *)work->in[4].data == 0)
        return;
    for (int64_t c = 0; c < work->out[0].elements; c++) {
        mean[c] = (real)((1.0 - share) * (double)mean[c] + share * cairn_channel_number(&work->in[2], c) / n);
        var[c] =
            (real)((1.0 - share) * (double)var[c] + share * cairn_channel_number(&work->in[3], c) / divisor);
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_update_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .run = run};
