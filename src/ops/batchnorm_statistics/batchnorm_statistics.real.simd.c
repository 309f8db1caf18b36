/* Sums and squared deviations in one pass, vectorised over channels. Deviations are taken from the mean of
 * the first row of pixels, which is as near to that of all as is needed: with r rows, (all - first)^2 is at
 * most r variances, since the first row is a part of what varies. So the squares lose no more than log2(r)
 * bits. */
#include "ops/simd/channels.h"

/* Scratch: the shifts. */
static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 4 * site->in[0].elements);
    site->scratch = cairn_channel_bytes(site->in[0].c, sizeof(float));
}

static void find_shifts(const cairn_operand *x, const real *row, float *shift)
{
    for (int64_t c = 0; c < x->c; c += CAIRN_LANES) {
        vec_mask mask = vec_first(x->c - c);
        vec sum = {0};
        for (int64_t pixel = 0; pixel < x->w; pixel++)
            sum += vec_load_part(row + pixel * x->pitch + c, mask);
        vec_store(shift + c, sum * (1.0f / (float)x->w));
    }
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0];
    cairn_channel_pass pass = cairn_channel_pass_of(work, x, NULL);
    float *shift = (float *)(void *)work->scratch;
    param *sums = cairn_params_of(&work->out[0]), *squares = cairn_params_of(&work->out[1]);
    double n = (double)pass.pixels;
    find_shifts(x, pass.x, shift);
    pass.mean = shift;
    cairn_channel_block block;
    for (int64_t first = 0, count; first < x->c; first += count) {
        count = cairn_channel_block_of(&pass, CAIRN_TERM_DEVIATION, first, x->c, &block);
        for (int64_t v = 0; v * CAIRN_LANES < count; v++) {
            int64_t c = first + v * CAIRN_LANES;
            wide sum = block.sum[v], square = block.second[v], s = wide_of(vec_load(shift + c));
            vec_mask mask = vec_first(x->c - c);
            vec_store_part(sums + c, wide_round((wide){sum.low + n * s.low, sum.high + n * s.high}), mask);
            vec_store_part(
                squares + c,
                wide_round((wide){square.low - sum.low * sum.low / n, square.high - sum.high * sum.high / n}),
                mask);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(batchnorm_statistics) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
