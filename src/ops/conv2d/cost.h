/* What a convolution costs by each way of computing it: the model that kernels are chosen by. Weights are
 * read from memory once in a run, since a network's do not stay in the cache from run to run; the arithmetic
 * hides that or is hidden by it. The share of products is what ResNet-50's direct layers reach on Zen at the
 * least; that of transforms is an estimate. */
#ifndef CAIRN_OPS_CONV2D_COST_H
#define CAIRN_OPS_CONV2D_COST_H

#include "ops/attrs.h"
#include "ops/operand.h"
#include <math.h>

#define CAIRN_COST_PRODUCT_SHARE 0.88   /* of the peak, that matrix products reach */
#define CAIRN_COST_TRANSFORM_SHARE 0.30 /* that Winograd's transforms reach */

/* Of a convolution with weights w and result y, or of a gradient of it. */
static inline double cairn_conv2d_cost_direct(const cairn_site *site, const cairn_operand *w,
                                              const cairn_operand *y, const cairn_machine *machine)
{
    bool bf16 = site->precision == CAIRN_BF16;
    double weights = (double)w->elements, peak = bf16 ? machine->bf16_flops : machine->flops;
    double flops = 2 * weights * (double)(site->capacity * y->h * y->w);
    return fmax(flops / (CAIRN_COST_PRODUCT_SHARE * peak), weights * (bf16 ? 2 : 4) / machine->dram_read);
}

/* Vector operations of the transforms of a tile, see winograd.h, for each input and each output channel. */
static inline double cairn_winograd_input_operations(int m)
{
    return m == 4 ? 2 * 6 * 14 : 2 * 8 * 27;
}

static inline double cairn_winograd_output_operations(int m)
{
    return m == 4 ? (6 + 4) * 14 : (8 + 6) * 28;
}

/* The same of its weights, for each pair of channels; made in double. */
static inline double cairn_winograd_weights_operations(int m)
{
    return m == 4 ? 9 * 22 + 90 : 11 * 30 + 146;
}

/* Of the convolution of inputs 0 and 1. In training weights are transformed in every step. */
static inline double cairn_conv2d_cost_winograd(const cairn_site *site, const cairn_machine *machine, int m)
{
    const cairn_operand *x = &site->in[0], *y = &site->out[0];
    double products = (m + 2) * (m + 2), in_c = (double)x->c, out_c = (double)y->c;
    double tiles = (double)(site->capacity * cairn_ceil_div(y->h, m) * cairn_ceil_div(y->w, m));
    double weights = products * in_c * out_c, bytes = weights * sizeof(float);
    double multiply = 2 * weights * tiles / (CAIRN_COST_PRODUCT_SHARE * machine->flops);
    double transform =
        2 * tiles *
        (in_c * cairn_winograd_input_operations(m) + out_c * cairn_winograd_output_operations(m)) /
        (CAIRN_COST_TRANSFORM_SHARE * machine->flops);
    double passed_on = 2 * products * tiles * (in_c + out_c) * sizeof(float) / machine->l2_read;
    double change = 2 * in_c * out_c * cairn_winograd_weights_operations(m) /
                        (CAIRN_COST_TRANSFORM_SHARE * machine->flops) +
                    bytes / machine->dram_read;
    return fmax(multiply, bytes / machine->dram_read) + transform + passed_on + (site->training ? change : 0);
}

/* Of the gradient of its weights: pictures are transformed once for each block of output channels, gradients
 * for each block of input channels. */
static inline double cairn_conv2d_cost_winograd_weights(const cairn_site *site, const cairn_machine *machine,
                                                        int m, int64_t in_blocks, int64_t out_blocks)
{
    const cairn_operand *x = &site->in[0], *dy = &site->in[1];
    double products = (m + 2) * (m + 2), in_c = (double)x->c, out_c = (double)dy->c;
    double tiles = (double)(site->capacity * cairn_ceil_div(dy->h, m) * cairn_ceil_div(dy->w, m));
    double multiply = 2 * products * in_c * out_c * tiles / (CAIRN_COST_PRODUCT_SHARE * machine->flops);
    double x_times = (double)out_blocks * in_c, dy_times = (double)in_blocks * out_c;
    double transform =
        2 * tiles *
        (x_times * cairn_winograd_input_operations(m) + dy_times * cairn_winograd_output_operations(m)) /
        (CAIRN_COST_TRANSFORM_SHARE * machine->flops);
    double passed_on = 2 * products * tiles * (x_times + dy_times) * sizeof(float) / machine->l2_read;
    return multiply + transform + passed_on;
}

#endif
