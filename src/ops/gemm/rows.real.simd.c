/* The rows form of the matrix product; see gemm.h. */
#include "ops/gemm/place.h"
#include "ops/gemm/products.h"

/* Tile heights for 1 ... 4 vectors: accumulators fill the registers (32, or 16 before AVX-512). */
#if defined(CAIRN_SIMD_AVX512)
#define HEIGHT_1 14
#define HEIGHT_2 12
#define HEIGHT_3 8
#define HEIGHT_4 6
#elif defined(CAIRN_SIMD_AVX2)
#define HEIGHT_1 12
#define HEIGHT_2 6
#else
#define HEIGHT_1 6
#define HEIGHT_2 4
#endif

/* Where B comes from: as it was given, or packed, near or too far to wait for. */
typedef enum source { LOOSE, NEAR, FAR } source;

/* ---- tiles ---- */

CAIRN_INLINE void start(const cairn_gemm_place *t, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                        const int mr, const int nv)
{
    CAIRN_UNROLL
    for (int v = 0; v < nv; v++) {
        vec first = {0};
        if (t->opens && t->g->bias != NULL) {
            const float *bias = t->g->bias + t->column + v * CAIRN_LANES;
            first = nv == 1 ? vec_load_part(bias, t->mask) : vec_load(bias);
        }
        CAIRN_UNROLL
        for (int r = 0; r < mr; r++)
            acc[r][v] = first;
    }
}

/* Where pairs are not multiplied, one of the floats of each word. */
CAIRN_INLINE cairn_factor half_of(vec words, const int half)
{
#if CAIRN_GEMM_WIDENS
    words = vec_from_bits(half == 0 ? vec_bits(words) << 16 : vec_bits(words) & ~0xffff);
#endif
    (void)half;
    return cairn_factor_of(words);
}

/* The products of `depth` consecutive words, b_step apart in B. Taking several at once spares reloading the
 * pointers of tall tiles; others have no registers for so many columns.
 */
CAIRN_INLINE void step_half(const cairn_gemm_place *t, const cairn_multiplier *const *a, const float *b,
                            int64_t b_step, int64_t offset, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                            const int mr, const int nv, const int depth, const int half, const bool whole)
{
    cairn_factor columns[4][CAIRN_GEMM_WIDTH];
    CAIRN_UNROLL
    for (int d = 0; d < depth; d++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++) {
            const float *p = b + d * b_step + v * CAIRN_LANES;
            columns[d][v] = half_of(nv == 1 ? vec_load_part(p, t->mask) : vec_load(p), half);
        }
    }
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        const cairn_multiplier *row = a[r] + offset + half;
        CAIRN_UNROLL
        for (int d = 0; d < depth; d++) {
            CAIRN_UNROLL
            for (int v = 0; v < nv; v++)
                acc[r][v] = cairn_multiply_add(acc[r][v], row + d * CAIRN_GEMM_UNIT, columns[d][v], whole);
        }
    }
}

CAIRN_INLINE void step(const cairn_gemm_place *t, const cairn_multiplier *const *a, const float *b,
                       int64_t b_step, int64_t offset, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                       const int mr, const int nv, const int depth, const bool whole)
{
    step_half(t, a, b, b_step, offset, acc, mr, nv, depth, 0, whole);
    if (CAIRN_GEMM_WIDENS && whole) {
        __asm__("" : "+r"(b)); /* compilers would keep the words, for which there are no registers */
        step_half(t, a, b, b_step, offset, acc, mr, nv, depth, 1, whole);
    }
}

CAIRN_INLINE vec load_result(const char *c, int v, vec_mask mask, bool floats)
{
#if defined(CAIRN_STORE_BF16)
    if (floats)
        return vec_load_part((const float *)(const void *)c + v * CAIRN_LANES, mask);
#endif
    (void)floats;
    return vec_load_part((const real *)(const void *)c + v * CAIRN_LANES, mask);
}

CAIRN_INLINE void store_result(char *c, int v, vec result, vec_mask mask, bool floats)
{
#if defined(CAIRN_STORE_BF16)
    if (floats) {
        vec_store_part((float *)(void *)c + v * CAIRN_LANES, result, mask);
        return;
    }
#endif
    (void)floats;
    vec_store_part((real *)(void *)c + v * CAIRN_LANES, result, mask);
}

CAIRN_INLINE void close_gate(const cairn_gemm_place *t, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                             const int mr, const int nv, vec_mask mask)
{
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r][v] = vec_gate(
                vec_load_part(cairn_gemm_other_at(t, t->g->gate, r, t->column) + v * CAIRN_LANES, mask),
                acc[r][v]);
    }
}

/* Pointers are read before the first result is stored, which to the compiler may change anything. Rows of C
 * that are added to may overlap: one after the other. */
CAIRN_INLINE void finish(const cairn_gemm_place *t, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                         const int mr, const int nv)
{
    vec floor = vec_set(t->g->floor);
    vec_mask mask = nv == 1 ? t->mask : vec_first(CAIRN_LANES);
    bool add = t->g->add, floats = t->g->float_c;
    char *c[CAIRN_GEMM_TALLEST];
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++)
        c[r] = cairn_gemm_result_at(t, r, t->column);
    for (int k = 0; k < CAIRN_GEMM_ADDENDS && t->g->addend[k] != NULL; k++) {
        CAIRN_UNROLL
        for (int r = 0; r < mr; r++) {
            CAIRN_UNROLL
            for (int v = 0; v < nv; v++)
                acc[r][v] += vec_load_part(
                    cairn_gemm_other_at(t, t->g->addend[k], r, t->column) + v * CAIRN_LANES, mask);
        }
    }
    if (t->g->gate != NULL)
        close_gate(t, acc, mr, nv, mask);
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++) {
            vec result = vec_max(floor, acc[r][v]);
            if (add)
                result += load_result(c[r], v, mask, floats);
            store_result(c[r], v, result, mask, floats);
        }
    }
}

/* Moves the sums of a block to the sums of all blocks, of which it may be the first. */
CAIRN_INLINE void flush(vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH], vec (*sums)[CAIRN_GEMM_WIDTH],
                        const int mr, const int nv, bool first)
{
    CAIRN_UNROLL
    for (int r = 0; r < mr; r++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++) {
            sums[r][v] = first ? acc[r][v] : sums[r][v] + acc[r][v];
            acc[r][v] = (vec){0};
        }
    }
}

/* The run behind this one, if there is one. */
CAIRN_INLINE bool next_run(const cairn_gemm_rows *g, cairn_gemm_run *r)
{
    int64_t length = g->length / CAIRN_GEMM_UNIT;
    r->begin = r->end;
    if (r->begin == length) {
        if (++r->segment == g->segments)
            return false;
        r->offset = g->offset[r->segment];
        r->begin = 0;
    }
    r->opens = r->left == 0;
    if (r->opens)
        r->left = g->block;
    r->end = cairn_min(length, r->begin + r->left);
    r->left -= r->end - r->begin;
    return true;
}

/* The products of a run with B from b on; returns where it ends. */
CAIRN_INLINE const float *add_run(const cairn_gemm_place *t, const cairn_gemm_run *r, const float *b,
                                  cairn_gemm_fetching *f, vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH],
                                  const int mr, const int nv, const source from)
{
    const int depth = nv == 1 ? 4 : nv == 2 && mr > 6 ? 2 : 1, steps = CAIRN_GEMM_STEP / depth;
    const cairn_multiplier *const *a = t->a;
    int64_t b_step = from == LOOSE ? t->b_step : nv * CAIRN_LANES;
    int64_t offset = r->offset, k = r->begin, end = r->end;
    for (; k + CAIRN_GEMM_STEP <= end; k += CAIRN_GEMM_STEP, b += CAIRN_GEMM_STEP * b_step) {
        if (f->rows < mr)
            cairn_gemm_fetch_result(t, nv, f->first + f->rows++, f->column);
        if (f->ahead)
            cairn_gemm_fetch_rows(a + mr, offset, k, mr);
        if (from == FAR && f->rows >= mr)
            f->next = cairn_gemm_fetch_next(f->next, t->next_end, CAIRN_GEMM_STEP * nv * CAIRN_LANES);
        CAIRN_UNROLL
        for (int i = 0; i < steps; i++)
            step(t, a, b + i * depth * b_step, b_step, offset + (k + i * depth) * CAIRN_GEMM_UNIT, acc, mr,
                 nv, depth, true);
    }
    for (; k < end; k++, b += b_step)
        step(t, a, b, b_step, offset + k * CAIRN_GEMM_UNIT, acc, mr, nv, 1, true);
    if (t->g->length % CAIRN_GEMM_UNIT != 0 && end == t->g->length / CAIRN_GEMM_UNIT) {
        step(t, a, b, b_step, offset + t->g->length - 1, acc, mr, nv, 1, false);
        b += b_step;
    }
    return b;
}

/* Long reductions are summed in blocks, and the blocks' sums added: the rounding errors of one sequence grow
 * with its length. Those of a chunk that does not end the panel stay in memory. */
CAIRN_INLINE void add_runs(cairn_gemm_place *t, cairn_gemm_fetching *f,
                           vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH], const int mr, const int nv,
                           const source from)
{
    const float *b = t->b;
    int64_t blocks = t->blocks;
    bool whole = t->opens;
    for (cairn_gemm_run r = t->first;;) {
        b = add_run(t, &r, b, f, acc, mr, nv, from);
        if (!next_run(t->g, &r))
            break;
        if (!r.opens)
            continue;
        flush(acc, t->sums, mr, nv, whole);
        whole = false;
        if (--blocks == 0) {
            t->behind = r;
            t->behind_b = b;
            return;
        }
    }
    if (whole)
        return;
    flush(acc, t->sums, mr, nv, false);
    CAIRN_UNROLL
    for (int i = 0; i < mr; i++) {
        CAIRN_UNROLL
        for (int v = 0; v < nv; v++)
            acc[i][v] = t->sums[i][v];
    }
}

CAIRN_INLINE void tile(cairn_gemm_place *t, const int mr, const int nv, const source from)
{
    vec acc[CAIRN_GEMM_TALLEST][CAIRN_GEMM_WIDTH];
    cairn_gemm_fetching f = {.next = t->next,
                             .ahead = !CAIRN_GEMM_WIDENS && t->column == 0 && t->g->segments == 1 &&
                                      t->row + 2 * mr <= t->g->rows};
    if (t->ends)
        cairn_gemm_plan_results(t, &f, mr, nv);
    else
        f.rows = mr;
    start(t, acc, mr, nv);
    if (nv == CAIRN_GEMM_WIDTH && t->only) /* the usual: worth a copy of the loop */
        add_run(t, &t->first, t->b, &f, acc, mr, nv, from);
    else
        add_runs(t, &f, acc, mr, nv, from);
    t->next = f.next;
    if (t->ends)
        finish(t, acc, mr, nv);
}

CAIRN_INLINE void advance(cairn_gemm_place *t, int64_t rows)
{
    t->a += rows;
    t->c += rows;
    t->row += rows;
    if (!(t->opens && t->ends)) /* else no sums outlive their tile, and all use the same memory */
        t->sums += rows;
}

/* All rows of a panel: tall tiles, then what is left by halves. Of the widest, if it comes out even, some are
 * lower by a row instead: those use the registers nearly as well. Leaves where the next chunk begins. */
CAIRN_INLINE void panel_rows(cairn_gemm_place *panel, const int height, const int nv, const source from)
{
    cairn_gemm_place here = *panel, *t = &here; /* which no store to C can change */
    int64_t rows = t->g->rows, tiles = cairn_ceil_div(rows, height), lower = tiles * height - rows;
    bool even = nv == CAIRN_GEMM_WIDTH && lower <= tiles;
    for (int64_t tall = even ? tiles - lower : rows / height; tall > 0; tall--, advance(t, height))
        tile(t, height, nv, from);
    for (; even && lower > 0; lower--, advance(t, height - 1))
        tile(t, height - 1, nv, from);
    for (rows = even ? 0 : rows % height; rows >= 4; rows -= 4, advance(t, 4))
        tile(t, 4, nv, from);
    for (; rows >= 2; rows -= 2, advance(t, 2))
        tile(t, 2, nv, from);
    if (rows > 0)
        tile(t, 1, nv, from);
    panel->first = t->behind;
    panel->b = t->behind_b;
}

#define PANEL(nv, height)                                                                                    \
    static void loose_##nv(cairn_gemm_place *t)                                                              \
    {                                                                                                        \
        panel_rows(t, height, nv, LOOSE);                                                                    \
    }                                                                                                        \
    static void near_##nv(cairn_gemm_place *t)                                                               \
    {                                                                                                        \
        panel_rows(t, height, nv, NEAR);                                                                     \
    }                                                                                                        \
    static void far_##nv(cairn_gemm_place *t)                                                                \
    {                                                                                                        \
        panel_rows(t, height, nv, FAR);                                                                      \
    }

PANEL(1, HEIGHT_1)
PANEL(2, HEIGHT_2)
#if CAIRN_GEMM_WIDTH == 4
PANEL(3, HEIGHT_3)
PANEL(4, HEIGHT_4)
#endif

static void (*const panels[][CAIRN_GEMM_WIDTH])(cairn_gemm_place *t) = {
#if CAIRN_GEMM_WIDTH == 4
    [LOOSE] = {loose_1, loose_2, loose_3, loose_4},
    [NEAR] = {near_1, near_2, near_3, near_4},
    [FAR] = {far_1, far_2, far_3, far_4},
#else
    [LOOSE] = {loose_1, loose_2},
    [NEAR] = {near_1, near_2},
    [FAR] = {far_1, far_2},
#endif
};

/* ---- panels ---- */

/* A packed panel of more bytes than this leaves no room for rows in the second cache. All tiles work on a
 * chunk of it then before the next, and leave their sums in memory; few rows are one tile. */
#if defined(CAIRN_SIMD_AVX512)
#define CHUNKED_BYTES (512 * 1024)
#else
#define CHUNKED_BYTES (128 * 1024)
#endif
#define CHUNK_BYTES (64 * 1024)
#define FEW_ROWS 6

/* Blocks of a chunk of a panel of this width, which has so many. */
static int64_t blocks_of_chunk(const cairn_gemm_rows *g, int64_t blocks, int64_t width)
{
    int64_t bytes = g->block * width * (int64_t)sizeof(float); /* of a block */
    bool chunked = g->packed && g->rows > FEW_ROWS && blocks * bytes > CHUNKED_BYTES;
    return chunked ? cairn_max(CHUNK_BYTES / bytes, 1) : blocks;
}

/* What is worked on behind a chunk of so many words. */
static void find_next(cairn_gemm_place *t, int64_t words, const float *panel_end)
{
    bool more = t->column + t->b_step < t->g->n;
    t->next = !t->ends ? t->b + words : more ? panel_end : t->g->next;
    t->next_end = t->next == NULL ? NULL : t->next + words;
}

void CAIRN_SIMD(cairn_gemm_rows)(const cairn_gemm_rows *g)
{
    int64_t depth = cairn_gemm_depth(g->segments, g->length), length = g->length / CAIRN_GEMM_UNIT;
    int64_t blocks = cairn_max(cairn_ceil_div(g->segments * length, g->block), 1);
    cairn_gemm_run first = {.end = cairn_min(length, g->block), .offset = g->offset[0]};
    first.left = g->block - first.end;
    const float *words = g->b;
    vec sums[CAIRN_GEMM_ROWS][CAIRN_GEMM_WIDTH];
    for (int64_t column = 0, width; column < g->n; column += width) {
        width = cairn_gemm_panel(g->n - column);
        int64_t at_once = blocks_of_chunk(g, blocks, width);
        source from = !g->packed ? LOOSE : g->next == NULL && at_once == blocks ? NEAR : FAR;
        cairn_gemm_place t = {.g = g,
                              .first = first,
                              .only = g->segments == 1 && first.end == length,
                              .opens = true,
                              .a = (const cairn_multiplier *const *)g->a,
                              .c = g->c,
                              .b = g->packed ? words + column * depth : words + column,
                              .b_step = g->packed ? width : g->ldb,
                              .column = column,
                              .sums = sums,
                              .mask = vec_first(g->n - column)};
        const float *panel_end = t.b + width * depth;
        for (int64_t left = blocks; left > 0; left -= t.blocks, t.opens = false) {
            t.ends = left <= at_once;
            t.blocks = cairn_min(left, at_once);
            if (from == FAR)
                find_next(&t, cairn_min(depth, at_once * g->block) * width, panel_end);
            panels[from][width / CAIRN_LANES - 1](&t);
        }
    }
}
