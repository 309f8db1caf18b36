/* The outer form of the matrix product; see gemm.h. */
#include "ops/gemm/gemm.h"
#include "ops/gemm/products.h"

#define MAX_ROWS 16

/* Tile heights for 1 ... 4 vectors. */
#if defined(CAIRN_SIMD_AVX512)
#define HEIGHT_1 16
#define HEIGHT_2 12
#define HEIGHT_3 8
#define HEIGHT_4 6
#elif defined(CAIRN_SIMD_AVX2)
#define HEIGHT_1 12
#define HEIGHT_2 6
#else
#define HEIGHT_1 8
#define HEIGHT_2 4
#endif

CAIRN_INLINE void step(const float *a, const float *b, vec_mask mask, vec acc[MAX_ROWS][CAIRN_GEMM_WIDTH],
                       const int mr, const int nv)
{
    cairn_factor columns[CAIRN_GEMM_WIDTH];
    CAIRN_UNROLL
    for (int v = 0; v < nv; v++)
        columns[v] = cairn_factor_of(nv == 1 ? vec_load_part(b, mask) : vec_load(b + v * CAIRN_LANES));
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r][v] = cairn_multiply_add(acc[r][v], a + r, columns[v], true);
    }
}

CAIRN_INLINE void add_results(const float *c, int64_t ldc, vec_mask mask, vec acc[MAX_ROWS][CAIRN_GEMM_WIDTH],
                              const int mr, const int nv)
{
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++, c += ldc) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r][v] += nv == 1 ? vec_load_part(c, mask) : vec_load(c + v * CAIRN_LANES);
    }
}

CAIRN_INLINE void tile(const cairn_gemm_outer *g, int64_t p, int64_t column, vec_mask mask, const int mr,
                       const int nv)
{
    vec acc[MAX_ROWS][CAIRN_GEMM_WIDTH];
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r][v] = (vec){0};
    }
    /* results are wanted at the end; lines that begin before this tile are there */
    float *c = g->c + p * g->ldc + column;
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++, c += g->ldc)
        __builtin_prefetch(c + nv * CAIRN_LANES - 1, 1);
    int64_t a_step = g->a_step[0], b_step = g->b_step[0];
    for (int64_t image = 0; image < g->count[2]; image++)
        for (int64_t row = 0; row < g->count[1]; row++) {
            const float *a = g->a + image * g->a_step[2] + row * g->a_step[1] + p;
            const float *b = g->b + image * g->b_step[2] + row * g->b_step[1] + column;
            int64_t pixel = 0;
            for (; pixel + CAIRN_GEMM_STEP <= g->count[0]; pixel += CAIRN_GEMM_STEP) {
                /* compilers would compute all places ahead and keep them in memory, if they could */
                CAIRN_UNROLL
                for (int i = 0; i < CAIRN_GEMM_STEP; i += 2) {
                    step(a, b, mask, acc, mr, nv);
                    step(a + a_step, b + b_step, mask, acc, mr, nv);
                    a += 2 * a_step;
                    b += 2 * b_step;
                    __asm__("" : "+r"(a), "+r"(b));
                }
            }
            for (; pixel < g->count[0]; pixel++, a += a_step, b += b_step)
                step(a, b, mask, acc, mr, nv);
        }
    c = g->c + p * g->ldc + column;
    if (g->add)
        add_results(c, g->ldc, mask, acc, mr, nv);
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++, c += g->ldc) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            if (nv == 1)
                vec_store_part(c, acc[r][v], mask);
            else
                vec_store(c + v * CAIRN_LANES, acc[r][v]);
    }
}

#define PANEL(nv, height)                                                                                    \
    static void panel_##nv(const cairn_gemm_outer *g, int64_t column, vec_mask mask)                         \
    {                                                                                                        \
        int64_t p = 0;                                                                                       \
        for (; p + height <= g->p; p += height)                                                              \
            tile(g, p, column, mask, height, nv);                                                            \
        if (height > 8 && p + 8 <= g->p) {                                                                   \
            tile(g, p, column, mask, 8, nv);                                                                 \
            p += 8;                                                                                          \
        }                                                                                                    \
        for (; p + 4 <= g->p; p += 4)                                                                        \
            tile(g, p, column, mask, 4, nv);                                                                 \
        for (; p + 2 <= g->p; p += 2)                                                                        \
            tile(g, p, column, mask, 2, nv);                                                                 \
        if (p < g->p)                                                                                        \
            tile(g, p, column, mask, 1, nv);                                                                 \
    }

PANEL(1, HEIGHT_1)
PANEL(2, HEIGHT_2)
#if CAIRN_GEMM_WIDTH == 4
PANEL(3, HEIGHT_3)
PANEL(4, HEIGHT_4)
#endif

void CAIRN_SIMD(cairn_gemm_outer)(const cairn_gemm_outer *g)
{
    for (int64_t column = 0, width; column < g->n; column += width) {
        width = cairn_gemm_panel(g->n - column);
        vec_mask mask = vec_first(g->n - column);
        switch (width / CAIRN_LANES) {
        case 1:
            panel_1(g, column, mask);
            break;
        case 2:
            panel_2(g, column, mask);
            break;
#if CAIRN_GEMM_WIDTH == 4
        case 3:
            panel_3(g, column, mask);
            break;
        default:
            panel_4(g, column, mask);
            break;
#endif
        }
    }
}
