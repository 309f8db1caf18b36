/* Where a tile of the rows form of the matrix product is (see gemm.h), and what is asked for from memory
 * while its products are made. */
#ifndef CAIRN_OPS_GEMM_PLACE_H
#define CAIRN_OPS_GEMM_PLACE_H

#include "ops/gemm/gemm.h"

#define CAIRN_GEMM_TALLEST 14

/* Products that are added without a look aside: of words begin ... end - 1 of a segment. */
typedef struct cairn_gemm_run {
    int64_t segment, begin, end;
    int64_t offset; /* of the segment */
    int64_t left;   /* words that the block has room for behind it */
    bool opens;     /* a block that is not the first */
} cairn_gemm_run;

/* Where a tile is: in a chunk of a panel, which mostly is all of it. */
typedef struct cairn_gemm_place {
    const cairn_gemm_rows *g;
    cairn_gemm_run first, behind; /* of the chunk, and the one behind its last block */
    bool only;                    /* the first run is all there is */
    bool opens, ends;             /* the panel */
    int64_t blocks;               /* of the chunk */
    const cairn_multiplier *const *a;
    int64_t row; /* of them all */
    void *const *c;
    const float *b, *behind_b;    /* words */
    const float *next, *next_end; /* what is worked on afterwards and to be fetched */
    int64_t b_step, column;
    vec (*sums)[CAIRN_GEMM_WIDTH]; /* of blocks, by rows: in memory, since most tiles need none */
    vec_mask mask;
} cairn_gemm_place;

/* Of an addend or the gate. */
CAIRN_INLINE const real *cairn_gemm_other_at(const cairn_gemm_place *t, const void *const *rows, int64_t row,
                                             int64_t column)
{
    return (const real *)rows[t->row + row] + column;
}

CAIRN_INLINE size_t cairn_gemm_result_bytes(const cairn_gemm_place *t)
{
    return t->g->float_c ? sizeof(float) : sizeof(real);
}

CAIRN_INLINE char *cairn_gemm_result_at(const cairn_gemm_place *t, int64_t row, int64_t column)
{
    return (char *)t->c[row] + (size_t)column * cairn_gemm_result_bytes(t);
}

/* ---- fetching ---- */

/* Multiply-adds of vectors in about the time that memory takes to answer. */
#define CAIRN_GEMM_LATENCY 1024

/* What is fetched while products are made; it goes on from run to run. */
typedef struct cairn_gemm_fetching {
    int64_t rows;          /* of results, so far */
    int64_t first, column; /* of those: where they begin, as seen from the tile's first row */
    bool ahead;            /* rows of A */
    const float *next;
} cairn_gemm_fetching;

CAIRN_INLINE void cairn_gemm_fetch_other(const real *other, const int nv)
{
    CAIRN_UNROLL
    for (int v = 0; v < nv; v += CAIRN_LINE_BYTES / CAIRN_VECTOR_BYTES)
        __builtin_prefetch(other + v * CAIRN_LANES);
}

/* Results lie rows apart, where processors do not foresee them: they are asked for while the sums are made,
 * a row at a time, since requests in a burst keep the loads of factors waiting. */
CAIRN_INLINE void cairn_gemm_fetch_result(const cairn_gemm_place *t, const int nv, int64_t row,
                                          int64_t column)
{
    const char *c = cairn_gemm_result_at(t, row, column);
    CAIRN_UNROLL
    for (int v = 0; v < nv; v += CAIRN_LINE_BYTES / CAIRN_VECTOR_BYTES)
        __builtin_prefetch(c + (size_t)(v * CAIRN_LANES) * cairn_gemm_result_bytes(t), 1);
    for (int k = 0; k < CAIRN_GEMM_ADDENDS && t->g->addend[k] != NULL; k++)
        cairn_gemm_fetch_other(cairn_gemm_other_at(t, t->g->addend[k], row, column), nv);
    if (t->g->gate != NULL)
        cairn_gemm_fetch_other(cairn_gemm_other_at(t, t->g->gate, row, column), nv);
}

/* The first panel is where rows of A are read for the first time: those of the next tile are fetched a line
 * at a time. */
CAIRN_INLINE void cairn_gemm_fetch_rows(const cairn_multiplier *const *a, int64_t offset, int64_t word,
                                        const int mr)
{
    if (word % CAIRN_LINE_FLOATS != 0)
        return;
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++)
        __builtin_prefetch(a[r] + offset + word * CAIRN_GEMM_UNIT);
}

/* Words that come from far are asked for a chunk ahead, at half the pace at which they are multiplied: most
 * are read by two tiles or more, and requests in a burst keep loads waiting. */
CAIRN_INLINE const float *cairn_gemm_fetch_next(const float *next, const float *end, const int words)
{
    if (next >= end)
        return next;
    CAIRN_UNROLL
    for (int i = 0; i < words / 2; i += 16)
        __builtin_prefetch(next + i, 0, 2);
    return next + words / 2;
}

/* Results are fetched while their sums are made or, if those are made sooner than memory answers, while the
 * tile before is, which may be the last of the panel before. */
CAIRN_INLINE void cairn_gemm_plan_results(const cairn_gemm_place *t, cairn_gemm_fetching *f, const int mr,
                                          const int nv)
{
    int64_t left = t->g->rows - t->row - mr; /* of the panel, behind this tile */
    f->column = t->column;
    int64_t products = cairn_gemm_depth(t->g->segments, t->g->length) * (CAIRN_GEMM_WIDENS ? 2 : 1);
    if (products * mr * nv > CAIRN_GEMM_LATENCY)
        return;
    f->first = mr;
    if (left <= 0) {
        f->first = -t->row;
        f->column += nv * CAIRN_LANES;
        left = f->column < t->g->n ? t->g->rows : 0;
    }
    f->rows = cairn_max(mr - left, 0);
    f->first -= f->rows;
}

#endif
