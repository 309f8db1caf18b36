/* Packing of B into panels; see gemm.h. */
#include "ops/gemm/gemm.h"
#include "ops/simd/transpose.h"

#define CACHE_LINE 16 /* floats */
#define ROWS_AHEAD 24

/* The pieces of rows are too short for the processor to foresee the next, so they are asked for. */
static void pack_columns(float *to, const float *b, int64_t k_count, int64_t columns, int64_t width,
                         int64_t k_step)
{
    for (int64_t k = 0; k < k_count; k++, to += width) {
        const float *ahead = b + cairn_min(k + ROWS_AHEAD, k_count - 1) * k_step;
        for (int64_t n = 0; n < columns; n += CACHE_LINE)
            __builtin_prefetch(ahead + n);
        memcpy(to, b + k * k_step, (size_t)columns * sizeof *to);
        memset(to + columns, 0, (size_t)(width - columns) * sizeof *to);
    }
}

static void pack_transposed(float *to, const float *b, int64_t k_count, int64_t columns, int64_t width,
                            int64_t n_step)
{
    vec_transpose_all(b, n_step, columns, to, width, k_count);
    for (int64_t k = 0; k < k_count && columns < width; k++)
        memset(to + k * width + columns, 0, (size_t)(width - columns) * sizeof *to);
}

void CAIRN_SIMD(cairn_gemm_pack)(float *packed, const float *b, int64_t k_count, int64_t n_count,
                                 int64_t k_step, int64_t n_step)
{
    for (int64_t column = 0, width; column < n_count; column += width) {
        width = cairn_gemm_panel(n_count - column);
        int64_t columns = cairn_min(width, n_count - column);
        if (n_step == 1)
            pack_columns(packed + column * k_count, b + column, k_count, columns, width, k_step);
        else
            pack_transposed(packed + column * k_count, b + column * n_step, k_count, columns, width, n_step);
    }
}
