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
 * nothing else; writes whole vectors where rows is CAIRN_LANES. */
CAIRN_INLINE void vec_transpose_block(const real *from, int64_t from_step, int64_t rows, real *to,
                                      int64_t to_step, int64_t columns)
{
    vec m[CAIRN_LANES];
    vec_mask in = vec_first(columns), out = vec_first(rows);
    CAIRN_UNROLL
    for (int r = 0; r < CAIRN_LANES; r++)
        m[r] = r < rows ? vec_load_part(from + r * from_step, in) : (vec){0};
    vec_transpose(m);
    CAIRN_UNROLL
    for (int c = 0; c < CAIRN_LANES; c++)
        if (c < columns)
            vec_store_part(to + c * to_step, m[c], out);
}

/* The same for any number of rows and columns. */
CAIRN_INLINE void vec_transpose_all(const real *from, int64_t from_step, int64_t rows, real *to,
                                    int64_t to_step, int64_t columns)
{
    for (int64_t r = 0; r < rows; r += CAIRN_LANES)
        for (int64_t c = 0; c < columns; c += CAIRN_LANES)
            vec_transpose_block(from + r * from_step + c, from_step, cairn_min(rows - r, CAIRN_LANES),
                                to + c * to_step + r, to_step, cairn_min(columns - c, CAIRN_LANES));
}

#endif
