/* Gradient of a dense layer with respect to its weights, by the outer form of the matrix product. A unit is
 * some rows of the weights, over the whole batch. Numbers of one column of x or dy lie a row of it apart,
 * often a power of two, and would drive each other out of the first cache: they are copied to where they lie
 * closer. */
#include "ops/gemm/gemm.h"
#include "ops/real.h"
#include "ops/simd/copy.h"

#define ROWS_PER_UNIT 48   /* a multiple of every tile height */
#define COLUMNS 64         /* of dy that are copied at a time */
#define COLUMN_PITCH 80    /* of their copy, an odd number of cache lines, as that of rows is */
#define CROWDED_BYTES 1024 /* rows a multiple of this apart are crowded ... */
#define CROWDED_IMAGES 8   /* ... if there are more of them */

static bool is_crowded(const cairn_operand *dy, int64_t images)
{
    return images > CROWDED_IMAGES && cairn_image_stride(dy) * (int64_t)sizeof(float) % CROWDED_BYTES == 0;
}

static void plan(cairn_site *site)
{
    site->units = cairn_ceil_div(site->in[0].c, ROWS_PER_UNIT);
    site->unit_flops = 2 * site->capacity * cairn_min(site->in[0].c, ROWS_PER_UNIT) * site->in[1].c;
    site->scratch = (size_t)(site->capacity * (ROWS_PER_UNIT + COLUMN_PITCH)) * sizeof(float);
}

/* Columns first ... first + count - 1 of all images. */
static void copy_columns(const cairn_operand *x, int64_t images, int64_t first, int64_t count, float *to,
                         int64_t pitch)
{
    for (int64_t n = 0; n < images; n++)
        cairn_copy_pixel(to + n * pitch, cairn_image_of(x, n) + first, count);
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    int64_t images = work->run->n, step = is_crowded(dy, images) ? COLUMNS : dy->c;
    float *rows = (float *)(void *)work->scratch, *columns = rows + images * ROWS_PER_UNIT;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t first = unit * ROWS_PER_UNIT;
        cairn_gemm_outer gemm = {.count = {images, 1, 1},
                                 .a_step = {ROWS_PER_UNIT, 0},
                                 .b_step = {step < dy->c ? COLUMN_PITCH : cairn_image_stride(dy), 0},
                                 .a = rows,
                                 .p = cairn_min(ROWS_PER_UNIT, x->c - first),
                                 .ldc = dy->c};
        copy_columns(x, images, first, gemm.p, rows, ROWS_PER_UNIT);
        for (int64_t column = 0; column < dy->c; column += step) {
            gemm.n = cairn_min(step, dy->c - column);
            gemm.b = cairn_image_of(dy, 0) + column;
            gemm.c = cairn_image_of(&work->out[0], 0) + first * dy->c + column;
            if (step < dy->c) {
                copy_columns(dy, images, column, gemm.n, columns, COLUMN_PITCH);
                gemm.b = columns;
            }
            CAIRN_SIMD(cairn_gemm_outer)(&gemm);
        }
    }
}

const cairn_kernel CAIRN_KERNEL(linear_bwd_weights_gemm) = {
    .name = "gemm", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
