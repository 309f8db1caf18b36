/* The micro-kernels that convolutions and dense layers are made of, forward and backward. A tile of the
 * result stays in registers while the whole reduction runs past it.
 *
 * Rows form:
 *
 *     C[r, n] = max(floor, bias[n] + sum over k of A[r, k] * B[k, n] + addends[r, n])
 *
 * and 0 where a gate is not above 0. A, C, the addends and the gate are floats, or bfloat16 in files that are
 * compiled for it, but for A as told below; B is always given in floats. Rows of A and C are given by
 * pointers. A row of A consists of segments, each contiguous, that lie at the same offsets from every row's
 * pointer: the rows of a kernel window in a picture. Used forward, where rows are output pixels, and for the
 * gradient of the input, where rows of C overlap and are added to.
 *
 * Outer form:
 *
 *     C[p, n] = sum over pixels of A[pixel, p] * B[pixel, n]
 *
 * Used for the gradient of the weights; p are the contiguous numbers of a window's row. A and B are floats;
 * where pairs of bfloat16 are multiplied words that hold two pixels each, the first in the lower half.
 *
 * Every element is summed in the order of k, in blocks (in the rows form) or by pixels (in the outer form),
 * whatever tile it falls into. */
#ifndef CAIRN_OPS_GEMM_H
#define CAIRN_OPS_GEMM_H

#include "ops/simd/copy.h"

#define CAIRN_GEMM_ADDENDS 3
#define CAIRN_GEMM_ROWS 84 /* rows given at a time: a multiple of the tile heights 6, 12 and 14 */

/* Whether pairs of bfloat16 are multiplied. Where there is no instruction for that numbers of A are widened
 * to floats before they come here: once, and not for every panel of B. */
#if defined(CAIRN_STORE_BF16) && defined(CAIRN_SIMD_AVX512BF16)
#define CAIRN_GEMM_PAIRS 1
#else
#define CAIRN_GEMM_PAIRS 0
#endif
#if defined(CAIRN_STORE_BF16) && !CAIRN_GEMM_PAIRS
#define CAIRN_GEMM_WIDENS 1
typedef float cairn_multiplier; /* a number of A */
#else
#define CAIRN_GEMM_WIDENS 0
typedef real cairn_multiplier;
#endif

/* Vectors of the widest tile. */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GEMM_WIDTH 4
#else
#define CAIRN_GEMM_WIDTH 2
#endif

typedef struct cairn_gemm_rows {
    int64_t rows;             /* up to CAIRN_GEMM_ROWS */
    const void *const *a;     /* rows of multipliers */
    void *const *c;           /* of reals, or floats */
    const int64_t *offset;    /* of the segments in A, in elements */
    int64_t segments, length; /* K = segments * length */
    int64_t block;            /* products that are summed in one sequence, see cairn_gemm_block */
    int64_t n;                /* columns */
    const void *b;            /* floats [K][ldb], or packed */
    int64_t ldb;
    bool packed;       /* B lies in panels, see cairn_gemm_pack; always with bfloat16 */
    const void *next;  /* packed words that follow, see cairn_gemm_next; NULL: none are fetched ahead */
    const float *bias; /* NULL: zeros */
    const void *const
        *addend[CAIRN_GEMM_ADDENDS]; /* rows of reals that are added to the sums, up to a NULL */
    const void *const *gate;         /* rows of reals; NULL: none */
    float floor;                     /* smaller results become this: 0 is ReLU, -INFINITY nothing */
    bool add;                        /* to C, after all that */
    bool float_c;                    /* C is floats although A is bfloat16 */
} cairn_gemm_rows;

void CAIRN_SIMD(cairn_gemm_rows)(const cairn_gemm_rows *gemm);
#if defined(CAIRN_STORE_BF16)
void CAIRN_SIMD_FLOAT(cairn_gemm_rows)(const cairn_gemm_rows *gemm);
#endif

/* The rounding error of a sum grows with the root of the length of its sequences. Long ones are fastest;
 * sequences as long as there are, the root of k, err least. */
static inline int64_t cairn_gemm_block(int64_t k, bool least_error)
{
    int64_t block = least_error ? 8 : 256;
    while (least_error && block * block < k)
        block += 8;
    return block;
}

typedef struct cairn_gemm_outer {
    int64_t count[3]; /* pixels of a row, rows, images */
    int64_t a_step[3], b_step[3];
    const float *a, *b;
    float *c;
    int64_t p, n, ldc;
    bool add; /* to C */
} cairn_gemm_outer;

void CAIRN_SIMD(cairn_gemm_outer)(const cairn_gemm_outer *gemm);
#if defined(CAIRN_STORE_BF16)
void CAIRN_SIMD_FLOAT(cairn_gemm_outer)(const cairn_gemm_outer *gemm);
#endif

/* ---- widening ---- */

/* Floats from a row in scratch to the next: rows a power of two apart would all fall into the same few sets
 * of the cache. */
static inline int64_t cairn_gemm_row_pitch(int64_t k)
{
    return (int64_t)cairn_align((size_t)k, CAIRN_LANES) + CAIRN_LINE_FLOATS;
}

/* Bytes that widened rows take. */
static inline size_t cairn_gemm_widened(int64_t rows, int64_t k)
{
    return CAIRN_GEMM_WIDENS ? (size_t)(rows * cairn_gemm_row_pitch(k)) * sizeof(float) : 0;
}

/* Makes rows of k reals rows of multipliers, which lie in `to` if they are others. */
static inline void cairn_gemm_widen(const void **rows, int64_t count, int64_t k, void *to)
{
    for (int64_t r = 0; r < count && CAIRN_GEMM_WIDENS; r++) {
        float *row = (float *)to + r * cairn_gemm_row_pitch(k);
        cairn_widen_pixel(row, rows[r], k);
        rows[r] = row;
    }
}

/* ---- panels ----
 * Columns are worked on in panels of 1 ... CAIRN_GEMM_WIDTH vectors; columns that fill no vector are a panel
 * of their own. Packed, a panel is contiguous: [depth][columns of the panel], the last one padded with zeros
 * to a full vector. A word of B is the float of a k, or two bfloat16 of neighbouring k, the first in its
 * lower half. A segment of odd length ends with half a pair. */

#define CAIRN_GEMM_COLUMNS (CAIRN_GEMM_WIDTH * CAIRN_LANES) /* of the widest */
#if defined(CAIRN_STORE_BF16)
#define CAIRN_GEMM_UNIT 2
#else
#define CAIRN_GEMM_UNIT 1
#endif

static inline int64_t cairn_gemm_panel(int64_t columns_left)
{
    int64_t vectors = cairn_min(columns_left / CAIRN_LANES, CAIRN_GEMM_WIDTH);
    return cairn_max(vectors, 1) * CAIRN_LANES;
}

/* Words of a column. */
static inline int64_t cairn_gemm_depth(int64_t segments, int64_t length)
{
    return segments * cairn_ceil_div(length, CAIRN_GEMM_UNIT);
}

/* Words of packed B, of four bytes. */
static inline size_t cairn_gemm_packed(int64_t depth, int64_t n)
{
    return (size_t)depth * cairn_align((size_t)n, CAIRN_LANES);
}

/* Bytes of packed weights that stay near enough from call to call: where there is no AVX-512 second caches
 * are small, and taken by rows and results. */
#if defined(CAIRN_SIMD_AVX512)
#define CAIRN_GEMM_NEAR ((size_t)2 << 20)
#else
#define CAIRN_GEMM_NEAR ((size_t)96 << 10)
#endif

/* Others are fetched a panel ahead, which would only cost if they were near: what follows the weights of a
 * call is given to it if all together have so many bytes. */
static inline const void *cairn_gemm_next(const void *next, size_t all_bytes)
{
    return all_bytes > CAIRN_GEMM_NEAR ? next : NULL;
}

/* What is packed: B[k, n] = b[k * k_step + n * n_step] for one of the steps being 1. */
typedef struct cairn_gemm_source {
    const float *b;
    int64_t segments, length; /* of k */
    int64_t n, k_step, n_step;
} cairn_gemm_source;

void CAIRN_SIMD(cairn_gemm_pack)(void *packed, const cairn_gemm_source *source);

#endif
