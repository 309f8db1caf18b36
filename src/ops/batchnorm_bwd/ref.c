/* Gradient of the input of a batch normalisation. */
#include "ops/batchnorm/channels.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 6 * site->in[0].elements);
}

/* dx = a * dy + b * (x - mean) + shift, with these three for each channel. */
static void load(const cairn_work *work, int64_t first, int64_t count, cairn_norm_block *block, double *a,
                 double *b, double *shift)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    double n = cairn_norm_count(work, &work->in[0]);
    cairn_norm_load(block, &work->in[2], &work->in[3], n, attrs->eps, first, count);
    for (int64_t c = 0; c < count; c++) {
        double gamma = attrs->no_scale ? 1.0 : cairn_channel_number(&work->in[6], first + c);
        a[c] = gamma * block->rstd[c];
        b[c] = -a[c] * block->rstd[c] * cairn_channel_number(&work->in[5], first + c) / n;
        shift[c] = -a[c] * cairn_channel_number(&work->in[4], first + c) / n;
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1], *dx = &work->out[0];
    double a[CAIRN_NORM_BLOCK], b[CAIRN_NORM_BLOCK], shift[CAIRN_NORM_BLOCK];
    cairn_norm_block block;
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        load(work, first, count, &block, a, b, shift);
        for (int64_t n = work->begin; n < work->end; n++) {
            const real *from = (const real *)cairn_image_of(x, n) + first;
            const real *gradient = (const real *)cairn_image_of(dy, n) + first;
            real *to = cairn_image_of(dx, n) + first;
            for (int64_t pixel = 0; pixel < x->h * x->w;
                 pixel++, from += x->pitch, gradient += dy->pitch, to += dx->pitch)
                for (int64_t c = 0; c < count; c++)
                    to[c] = (real)(a[c] * (double)gradient[c] + b[c] * ((double)from[c] - block.mean[c]) +
                                   shift[c]);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
