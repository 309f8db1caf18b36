/* Packing of B into panels; see gemm.h. */
#include "ops/gemm/gemm.h"
#include "ops/simd/transpose.h"

#define ROWS_AHEAD 24
#define COLUMNS_AHEAD (4 * CAIRN_LINE_FLOATS)

/* The pieces of rows are too short for the processor to foresee the next, so they are asked for; not into the
 * first cache, where rows a power of two apart would drive each other out. */
CAIRN_INLINE void ask_ahead(const cairn_gemm_source *s, const float *b, int64_t k, int64_t columns)
{
    const float *ahead = b + cairn_min(k + ROWS_AHEAD, s->segments * s->length - 1) * s->k_step;
    for (int64_t n = 0; n < columns; n += CAIRN_LINE_FLOATS)
        __builtin_prefetch(ahead + n * s->n_step, 0, 2);
}

#if defined(CAIRN_STORE_BF16)
CAIRN_INLINE vec load_row(const cairn_gemm_source *s, const float *b, int64_t k, vec_mask mask)
{
    return vec_load_part(b + k * s->k_step, mask);
}

/* Columns that lie in one piece: squares are turned round in registers. */
static void pack_columns(float *to, const cairn_gemm_source *s, const float *b, int64_t columns,
                         int64_t width)
{
    vec m[CAIRN_LANES];
    for (int64_t n = 0; n < width; n += CAIRN_LANES) {
        for (int64_t k = 0; k < s->length; k += CAIRN_LANES) {
            vec_mask in = vec_first(s->length - k);
            int64_t ahead = cairn_min(k + COLUMNS_AHEAD, s->length - 1);
            CAIRN_UNROLL
            for (int r = 0; r < CAIRN_LANES; r++) {
                const float *row = b + cairn_min(n + r, columns - 1) * s->n_step;
                m[r] = n + r < columns ? vec_load_part(row + k, in) : (vec){0};
                __builtin_prefetch(row + ahead, 0, 2);
            }
            vec_transpose(m);
            CAIRN_UNROLL
            for (int i = 0; i < CAIRN_LANES; i += 2)
                if (k + i < s->length)
                    vec_store(to + (k + i) / 2 * width + n, vec_pair_bf16(m[i], m[i + 1]));
        }
    }
}

static void pack_panel(float *to, const cairn_gemm_source *s, const float *b, int64_t columns, int64_t width)
{
    int64_t words = cairn_ceil_div(s->length, 2) * width;
    for (int64_t segment = 0; segment < s->segments && s->n_step != 1; segment++)
        pack_columns(to + segment * words, s, b + segment * s->length, columns, width);
    for (int64_t segment = 0; segment < s->segments && s->n_step == 1; segment++)
        for (int64_t k = 0; k < s->length; k += 2, to += width) {
            int64_t row = segment * s->length + k;
            ask_ahead(s, b, row, columns);
            ask_ahead(s, b, row + 1, columns);
            for (int64_t n = 0; n < width; n += CAIRN_LANES) {
                const float *from = b + n * s->n_step;
                vec_mask mask = vec_first(columns - n);
                vec second = k + 1 < s->length ? load_row(s, from, row + 1, mask) : (vec){0};
                vec_store(to + n, vec_pair_bf16(load_row(s, from, row, mask), second));
            }
        }
}
#else
/* Rows of a panel, filled up with zeros; a call for each to copy it would take longer than the copy. */
CAIRN_INLINE void copy_rows(float *to, const cairn_gemm_source *s, const float *b, int64_t depth,
                            int64_t columns, int64_t width)
{
    for (int64_t k = 0; k < depth; k++, to += width) {
        ask_ahead(s, b, k, columns);
        for (int64_t n = 0; n < width; n += CAIRN_LANES)
            vec_store(to + n, vec_load_part(b + k * s->k_step + n, vec_first(columns - n)));
    }
}

static void pack_panel(float *to, const cairn_gemm_source *s, const float *b, int64_t columns, int64_t width)
{
    int64_t depth = s->segments * s->length;
    if (s->n_step != 1) {
        vec_transpose_all(b, s->n_step, columns, to, width, depth);
        for (int64_t k = 0; k < depth && columns < width; k++)
            memset(to + k * width + columns, 0, (size_t)(width - columns) * sizeof *to);
    } else if (width == CAIRN_GEMM_COLUMNS && columns == width) {
        copy_rows(to, s, b, depth, CAIRN_GEMM_COLUMNS, CAIRN_GEMM_COLUMNS);
    } else {
        copy_rows(to, s, b, depth, columns, width);
    }
}
#endif

void CAIRN_SIMD(cairn_gemm_pack)(void *packed, const cairn_gemm_source *s)
{
    int64_t depth = cairn_gemm_depth(s->segments, s->length);
    for (int64_t column = 0, width; column < s->n; column += width) {
        width = cairn_gemm_panel(s->n - column);
        pack_panel((float *)packed + column * depth, s, s->b + column * s->n_step,
                   cairn_min(width, s->n - column), width);
    }
}
