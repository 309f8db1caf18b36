/* Gradient of a dense layer with respect to its weights, by the outer form of the matrix product. A unit is
 * some rows of the weights, over the whole batch. */
#include "ops/gemm/gemm.h"
#include "ops/real.h"

#define ROWS_PER_UNIT 48 /* a multiple of every tile height */

static void plan(cairn_site *site)
{
    site->units = cairn_ceil_div(site->in[0].c, ROWS_PER_UNIT);
    site->unit_flops = 2 * site->capacity * cairn_min(site->in[0].c, ROWS_PER_UNIT) * site->in[1].c;
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    int64_t first = work->begin * ROWS_PER_UNIT;
    cairn_gemm_outer gemm = {.count = {work->run->n, 1, 1},
                             .a_step = {cairn_image_stride(x), 0},
                             .b_step = {cairn_image_stride(dy), 0},
                             .a = cairn_image_of(x, 0) + first,
                             .b = cairn_image_of(dy, 0),
                             .c = cairn_image_of(&work->out[0], 0) + first * dy->c,
                             .p = cairn_min(work->end * ROWS_PER_UNIT, x->c) - first,
                             .n = dy->c,
                             .ldc = dy->c};
    CAIRN_SIMD(cairn_gemm_outer)(&gemm);
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_weights_gemm) = {
    .name = "gemm", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
