/* What a convolution costs by each way of computing it: the model that kernels are chosen by. Weights are
 * read from memory once in a run, since a network's do not stay in the cache from run to run; arithmetic and
 * reading hide each other in part. Shares are of the family's nominal peak. With AVX-512 that of products is
 * what the longest reach on Zen, without it is fitted on Zen 3 to layers of ResNet-50 by every kernel. */
#ifndef CAIRN_OPS_CONV2D_COST_H
#define CAIRN_OPS_CONV2D_COST_H

#include "ops/attrs.h"
#include "ops/gemm/gemm.h"
#include "ops/operand.h"
#include "ops/winograd/winograd.h"
#include <math.h>

/* Share of the peak that products reach; products of a column that beginning and ending a tile is worth. */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_COST_PRODUCT_SHARE 0.93
#define CAIRN_COST_TILE 4.0
#else
#define CAIRN_COST_PRODUCT_SHARE 0.87
#define CAIRN_COST_TILE 12.0
#endif
#define CAIRN_COST_EXPOSED 0.7 /* of the shorter of arithmetic and reading, that the longer does not hide */
#define CAIRN_COST_TRANSFORM_SHARE 0.30 /* that Winograd's transforms reach */

/* Of so many products and additions, in sums of this depth, in words of A. */
static inline double cairn_cost_products(double products, double depth, double peak)
{
    return 2 * products * (1 + CAIRN_COST_TILE / depth) / (CAIRN_COST_PRODUCT_SHARE * peak);
}

/* That so many bfloat16 of a sum are multiplied as. */
static inline double cairn_cost_words(double depth)
{
    return CAIRN_GEMM_PAIRS ? depth / 2 : depth;
}

/* Of arithmetic during which weights are read. */
static inline double cairn_cost_reading(double arithmetic, double read)
{
    return fmax(arithmetic, read) + CAIRN_COST_EXPOSED * fmin(arithmetic, read);
}

/* Of a convolution with weights w and result y, or of a gradient of it; sums are of `depth` numbers. */
static inline double cairn_conv2d_cost_direct(const cairn_site *site, const cairn_operand *w,
                                              const cairn_operand *y, double depth,
                                              const cairn_machine *machine)
{
    bool bf16 = site->precision == CAIRN_BF16;
    double weights = (double)w->elements, products = weights * (double)(site->capacity * y->h * y->w);
    double seconds = bf16 ? cairn_cost_products(products, cairn_cost_words(depth), machine->bf16_flops)
                          : cairn_cost_products(products, depth, machine->flops);
    return cairn_cost_reading(seconds, weights * (bf16 ? 2 : 4) / machine->dram_read);
}

/* Of a 1 x 1 convolution, or of the gradient of its input, by Strassen's product; y is what has as many
 * pixels as the products have rows. In training factors are made in every step. */
static inline double cairn_conv2d_cost_strassen(const cairn_site *site, const cairn_operand *y,
                                                const cairn_machine *machine)
{
    double k = (double)site->in[0].c / 2, n = (double)site->out[0].c / 2, factors = 7 * k * n;
    double pairs = (double)(site->capacity * cairn_ceil_div(y->h * y->w, 2));
    double read = factors * sizeof(float) / machine->dram_read;
    /* four quarters of A are read and four sums written; of a column's quarters in C and in scratch sixteen
     * are read or written, where C alone is four */
    double moved = pairs * (8 * k + 12 * n) * sizeof(float) / machine->sums;
    return cairn_cost_reading(cairn_cost_products(factors * pairs, k, machine->flops), read) + moved +
           (site->training ? 2 * read : 0);
}

/* Vector operations of the transforms of a tile, see winograd.h: for each input and each output channel, and
 * of the weights for each pair of channels, in double. */
typedef struct cairn_winograd_operations {
    double input, output, weights;
} cairn_winograd_operations;

static inline cairn_winograd_operations cairn_winograd_operations_of(const cairn_winograd_form f)
{
    static const cairn_winograd_operations of_2 = {2 * 4 * 4, (4 + 2) * 4, 7 * 12 + 34},
                                           of_4 = {2 * 6 * 14, (6 + 4) * 14, 9 * 22 + 90},
                                           of_6 = {2 * 8 * 27, (8 + 6) * 28, 11 * 30 + 146},
                                           of_5 = {2 * 6 * 14, (6 + 2) * 8, 11 * 30 + 90},
                                           line_of_3 = {14, 14, 22 + 15}, line_of_7 = {44, 34, 60 + 25};
    if (f.line)
        return f.r == 3 ? line_of_3 : line_of_7;
    if (f.r == 5)
        return of_5;
    return f.m == 2 ? of_2 : f.m == 4 ? of_4 : of_6;
}

/* Where pairs of bfloat16 are multiplied at twice the rate of floats, lines and 5 x 5 have at most a sixth to
 * win by fewer products of floats, and that to lose by transforms: only tuning takes them. */
static inline bool cairn_winograd_is_doubtful(const cairn_winograd_form f)
{
#if defined(CAIRN_SIMD_AVX512BF16)
    return f.line || f.r == 5;
#else
    (void)f;
    return false;
#endif
}

/* Of so many tiles: what is done with them beside their products, if so many channels of inputs and of
 * outputs are transformed, some perhaps several times. */
static inline double cairn_winograd_cost_transforms(const cairn_machine *machine, const cairn_winograd_form f,
                                                    double tiles, double in_c, double out_c, double v_bytes)
{
    cairn_winograd_operations of = cairn_winograd_operations_of(f);
    double operations = in_c * of.input + out_c * of.output;
    double bytes = 2 * cairn_winograd_products(f) * tiles * (in_c * v_bytes + out_c * sizeof(float));
    return 2 * tiles * operations / (CAIRN_COST_TRANSFORM_SHARE * machine->flops) + bytes / machine->l2_read;
}

/* Of the convolution of inputs 0 and 1 in so many tiles, of which products may be of pairs of bfloat16. In
 * training weights are transformed in every step. */
static inline double cairn_conv2d_cost_winograd(const cairn_site *site, const cairn_machine *machine,
                                                const cairn_winograd_form f, double tiles, bool pairs)
{
    if (cairn_winograd_is_doubtful(f))
        return INFINITY;
    double in_c = (double)site->in[0].c, out_c = (double)site->out[0].c, bytes = pairs ? 2 : 4;
    double weights = cairn_winograd_products(f) * in_c * out_c, read = weights * bytes / machine->dram_read;
    double products = pairs
                          ? cairn_cost_products(weights * tiles, cairn_cost_words(in_c), machine->bf16_flops)
                          : cairn_cost_products(weights * tiles, in_c, machine->flops);
    double change = 2 * in_c * out_c * cairn_winograd_operations_of(f).weights /
                        (CAIRN_COST_TRANSFORM_SHARE * machine->flops) +
                    read;
    return cairn_cost_reading(products, read) +
           cairn_winograd_cost_transforms(machine, f, tiles, in_c, out_c, bytes) +
           (site->training ? change : 0);
}

/* Of the gradient of its weights: pictures are transformed once for each block of output channels, gradients
 * for each block of input channels. */
static inline double cairn_conv2d_cost_winograd_weights(const cairn_site *site, const cairn_machine *machine,
                                                        const cairn_winograd_form f, double tiles,
                                                        int64_t in_blocks, int64_t out_blocks)
{
    if (cairn_winograd_is_doubtful(f))
        return INFINITY;
    double in_c = (double)site->in[0].c, out_c = (double)site->in[1].c;
    return cairn_cost_products(cairn_winograd_products(f) * in_c * out_c * tiles, tiles, machine->flops) +
           cairn_winograd_cost_transforms(machine, f, tiles, (double)out_blocks * in_c,
                                          (double)in_blocks * out_c, sizeof(float));
}

/* Of the gradient of the weights of a 1 x 1 convolution by Strassen's product, `pairs` of pixels at a time;
 * either side is copied once for each block of the other: four quarters are read and seven factors written.
 */
static inline double cairn_conv2d_cost_strassen_weights(const cairn_site *site, const cairn_machine *machine,
                                                        int64_t pairs, int64_t in_blocks, int64_t out_blocks)
{
    const cairn_operand *dy = &site->in[1];
    double k = (double)site->in[0].c / 2, n = (double)dy->c / 2;
    double all = (double)(site->capacity * cairn_ceil_div(dy->h * dy->w, 2));
    double moved = all * 11 * (k * (double)out_blocks + n * (double)in_blocks) * sizeof(float);
    return cairn_cost_products(7 * k * n * all, (double)pairs, machine->flops) + moved / machine->l2_read;
}

#endif
