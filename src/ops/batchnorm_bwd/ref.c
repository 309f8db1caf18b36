/* Gradient of the input of a batch normalisation. */
#include "ops/batchnorm/channels.h"
#include "ops/real.h"

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 6 * site->in[0].elements);
}

/* dx = a * dy + b * (x - mean) + shift, with these three for each channel. */
typedef struct line {
    double a, b, shift;
} line;

static void load(const cairn_work *work, int64_t first, int64_t count, cairn_norm *norms, line *lines)
{
    double n = cairn_norm_count(work, &work->in[0]);
    cairn_norm_load(norms, work, 2, 6, first, count);
    for (int64_t c = 0; c < count; c++) {
        double a = norms[c].factor;
        lines[c] = (line){a, -a * norms[c].rstd * cairn_channel_number(&work->in[5], first + c) / n,
                          -a * cairn_channel_number(&work->in[4], first + c) / n};
    }
}

static void run(const cairn_work *work)
{
    const cairn_batchnorm_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *dy = &work->in[1], *dx = &work->out[0];
    cairn_norm norms[CAIRN_NORM_BLOCK];
    line lines[CAIRN_NORM_BLOCK];
    for (int64_t first = 0; first < x->c; first += CAIRN_NORM_BLOCK) {
        int64_t count = cairn_min(x->c - first, CAIRN_NORM_BLOCK);
        load(work, first, count, norms, lines);
        for (int64_t n = work->begin; n < work->end; n++) {
            const real *from = (const real *)cairn_image_of(x, n) + first;
            const real *gradient = (const real *)cairn_image_of(dy, n) + first;
            real *to = cairn_image_of(dx, n) + first;
            for (int64_t pixel = 0; pixel < x->h * x->w;
                 pixel++, from += x->pitch, gradient += dy->pitch, to += dx->pitch)
                for (int64_t c = 0; c < count; c++) {
                    double d = cairn_norm_gate(attrs->act, &norms[c], (double)from[c], (double)gradient[c]);
                    to[c] = (real)(lines[c].a * d + lines[c].b * ((double)from[c] - norms[c].mean) +
                                   lines[c].shift);
                }
        }
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_bwd_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
