/* Packing of B into panels; see gemm.h. */
#include "ops/gemm/gemm.h"

static void pack_columns(float *to, const float *b, int64_t k_count, int64_t columns, int64_t width, int64_t k_step)
{
    for (int64_t k = 0; k < k_count; k++, to += width) {
        memcpy(to, b + k * k_step, (size_t)columns * sizeof *to);
        memset(to + columns, 0, (size_t)(width - columns) * sizeof *to);
    }
}

/* Transposes; blocks keep the lines of both sides in the first cache. */
static void pack_transposed(float *to, const float *b, int64_t k_count, int64_t columns, int64_t width, int64_t n_step)
{
    for (int64_t first = 0; first < k_count; first += CAIRN_LANES) {
        int64_t end = cairn_min(first + CAIRN_LANES, k_count);
        for (int64_t n = 0; n < columns; n++)
            for (int64_t k = first; k < end; k++)
                to[k * width + n] = b[n * n_step + k];
        for (int64_t k = first; k < end && columns < width; k++)
            memset(to + k * width + columns, 0, (size_t)(width - columns) * sizeof *to);
    }
}

void CAIRN_SIMD(cairn_gemm_pack)(float *packed, const float *b, int64_t k_count, int64_t n_count, int64_t k_step,
                                 int64_t n_step)
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
