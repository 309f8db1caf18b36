/* Turning a square of numbers round in registers: as many vectors as a vector has lanes. */
#ifndef CAIRN_OPS_SIMD_TRANSPOSE_H
#define CAIRN_OPS_SIMD_TRANSPOSE_H

#include "ops/real.h"
#include "ops/simd/vector.h"

/* Lanes of a pair of vectors after they have exchanged blocks of d: the upper block of the first for the
 * lower of the second. Lane numbers from CAIRN_LANES on are the second vector's. */
#define CAIRN_LOW(l, d) ((l) & (d) ? CAIRN_LANES + (l) - (d) : (l))
#define CAIRN_HIGH(l, d) ((l) & (d) ? CAIRN_LANES + (l) : (l) + (d))
#define CAIRN_LANES_4(lane, first, d)                                                                        \
    lane(first, d), lane(first + 1, d), lane(first + 2, d), lane(first + 3, d)
#if CAIRN_LANES == 16
#define CAIRN_ALL_LANES(lane, d)                                                                             \
    CAIRN_LANES_4(lane, 0, d), CAIRN_LANES_4(lane, 4, d), CAIRN_LANES_4(lane, 8, d),                         \
        CAIRN_LANES_4(lane, 12, d)
#elif CAIRN_LANES == 8
#define CAIRN_ALL_LANES(lane, d) CAIRN_LANES_4(lane, 0, d), CAIRN_LANES_4(lane, 4, d)
#else
#define CAIRN_ALL_LANES(lane, d) CAIRN_LANES_4(lane, 0, d)
#endif

#define CAIRN_EXCHANGE(m, d)                                                                                 \
    CAIRN_UNROLL                                                                                             \
    for (int i = 0; i < CAIRN_LANES; i++)                                                                    \
        if ((i & (d)) == 0) {                                                                                \
            vec a = m[i], b = m[i + (d)];                                                                    \
            m[i] = __builtin_shufflevector(a, b, CAIRN_ALL_LANES(CAIRN_LOW, d));                             \
            m[i + (d)] = __builtin_shufflevector(a, b, CAIRN_ALL_LANES(CAIRN_HIGH, d));                      \
        }

/* Lane l of vector i and lane i of vector l change places. */
CAIRN_INLINE void vec_transpose(vec m[CAIRN_LANES])
{
    CAIRN_EXCHANGE(m, 1)
    CAIRN_EXCHANGE(m, 2)
#if CAIRN_LANES >= 8
    CAIRN_EXCHANGE(m, 4)
#endif
#if CAIRN_LANES >= 16
    CAIRN_EXCHANGE(m, 8)
#endif
}

/* to[c * to_step + r] = from[r * from_step + c] for r < rows, c < columns, both at most CAIRN_LANES. Reads
 * `read` numbers of each row and writes `written` of each column: those behind columns and rows are of no
 * use. */
CAIRN_INLINE void vec_transpose_block(const real *from, int64_t from_step, int64_t rows, real *to,
                                      int64_t to_step, int64_t columns, vec_mask read, vec_mask written)
{
    vec m[CAIRN_LANES];
    CAIRN_UNROLL
    for (int r = 0; r < CAIRN_LANES; r++)
        m[r] = r < rows ? vec_load_part(from + r * from_step, read) : (vec){0};
    vec_transpose(m);
    CAIRN_UNROLL
    for (int c = 0; c < CAIRN_LANES; c++)
        if (c < columns)
            vec_store_part(to + c * to_step, m[c], written);
}

/* The same for any number of rows and columns. Nothing outside is read or written: whole vectors only where
 * what they hold too much belongs to the rows behind, or is overwritten by the columns behind. */
CAIRN_INLINE void vec_transpose_all(const real *from, int64_t from_step, int64_t rows, real *to,
                                    int64_t to_step, int64_t columns)
{
    const vec_mask whole = vec_first(CAIRN_LANES);
    int64_t from_end = (rows - 1) * from_step + columns, to_end = (columns - 1) * to_step + rows;
    bool close = rows == to_step && rows <= CAIRN_LANES;
    for (int64_t r = 0; r < rows; r += CAIRN_LANES)
        for (int64_t c = 0; c < columns; c += CAIRN_LANES) {
            int64_t rows_here = cairn_min(rows - r, CAIRN_LANES),
                    columns_here = cairn_min(columns - c, CAIRN_LANES);
            const real *first = from + r * from_step + c;
            real *there = to + c * to_step + r;
            bool reads = (r + rows_here - 1) * from_step + c + CAIRN_LANES <= from_end;
            bool writes = close && (c + columns_here - 1) * to_step + CAIRN_LANES <= to_end;
            if (reads && writes)
                vec_transpose_block(first, from_step, rows_here, there, to_step, columns_here, whole, whole);
            else if (reads && rows_here == CAIRN_LANES) /* known: no row is looked for */
                vec_transpose_block(first, from_step, CAIRN_LANES, there, to_step, columns_here, whole,
                                    whole);
            else
                vec_transpose_block(first, from_step, rows_here, there, to_step, columns_here,
                                    vec_first(columns_here), vec_first(rows_here));
        }
}

#endif
