/* A matrix product by one step of Strassen's algorithm in Winograd's form: A, B and C are cut into quarters,
 * and seven products of sums of quarters do for the eight of quarters, with one eighth less arithmetic. What
 * the sums cost is paid for by large K and N.
 *
 *     S1 = A21 + A22   S2 = S1 - A11   S3 = A11 - A21   S4 = A12 - S2
 *     T1 = B12 - B11   T2 = B22 - T1   T3 = B22 - B12   T4 = B21 - T2
 *     P1 = A11 B11   P2 = A12 B21   P3 = S2 T2   P4 = S3 T3   P5 = A22 T4   P6 = S1 T1   P7 = S4 B22
 *     U = P1 + P3    C11 = P1 + P2        C12 = U + P6 + P7
 *     V = U + P4     C21 = V + P5         C22 = V + P6
 *
 * Rows of the upper and of the lower half are given in pairs, wherever they lie. The factors B11 ... B22 are
 * made when B is packed; S1 ... S4 of all pairs lie in scratch, and of some columns at a time U, V and P6:
 * each product is added to what it belongs to as soon as it is made, so that the sums cost little.
 *
 * Strassen, "Gaussian elimination is not optimal", Numerische Mathematik 13, 1969; Winograd's form needs 15
 * sums in place of 18. */
#ifndef CAIRN_OPS_STRASSEN_H
#define CAIRN_OPS_STRASSEN_H

#include "ops/gemm/gemm.h"

enum { CAIRN_STRASSEN_SUMS = 4, CAIRN_STRASSEN_PRODUCTS = 7, CAIRN_STRASSEN_KEPT = 3 };

/* Pairs of rows given at a time, and columns of each half that U, V and P6 are kept of: what is in scratch
 * stays in the second cache while it is used. */
#define CAIRN_STRASSEN_PAIRS 54
#define CAIRN_STRASSEN_COLUMNS 256

typedef struct cairn_strassen {
    int64_t pairs;
    const float *const *a[2];      /* rows of 2 k floats, upper and lower */
    float *const *c[2];            /* of 2 n */
    const float *const *addend[2]; /* rows that are added to the sums; NULL: none */
    const float *const *gate[2];   /* rows of a gate, as in cairn_gemm_rows; NULL: none */
    int64_t k, n;                  /* rows and columns of a quarter of B */
    int64_t column, columns;       /* of each half, to be computed; whole panels, but for the last one */
    const float *b;                /* packed */
    const float *bias;             /* of all 2 n columns; NULL: zeros */
    float floor;                   /* as in cairn_gemm_rows */
    float *scratch;                /* cairn_strassen_scratch() bytes */
    bool summed;                   /* S1 ... S4 lie there already, from other columns of the same pairs */
} cairn_strassen;

void CAIRN_SIMD(cairn_strassen_rows)(const cairn_strassen *product);

/* Floats of one product's packed factor. */
static inline int64_t cairn_strassen_plane(int64_t k, int64_t n)
{
    return (int64_t)cairn_gemm_packed(k, n);
}

static inline size_t cairn_strassen_scratch(int64_t pairs, int64_t k, int64_t n)
{
    int64_t sums = CAIRN_STRASSEN_SUMS * cairn_gemm_row_pitch(k);
    int64_t kept = CAIRN_STRASSEN_KEPT * cairn_gemm_row_pitch(cairn_min(n, CAIRN_STRASSEN_COLUMNS));
    return (size_t)(pairs * (sums + kept)) * sizeof(float);
}

/* What is packed: seven factors, [product][panel]. */
typedef struct cairn_strassen_source {
    const float *b; /* element (i, j) of all of B at i * k_step + j * n_step, one of these being 1 */
    int64_t k_step, n_step;
    int64_t k, n; /* of a quarter */
} cairn_strassen_source;

/* A panel of each factor, the one that begins at this column. */
void CAIRN_SIMD(cairn_strassen_pack)(float *packed, const cairn_strassen_source *source, int64_t column);

#endif
