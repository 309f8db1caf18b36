/* Strassen's products, sums and packing; see strassen.h. */
#include "ops/gemm/strassen.h"
#include <math.h>

/* ---- packing ---- */

static void pack_quarter(float *to, const cairn_strassen_source *s, int64_t row, int64_t column,
                         int64_t columns)
{
    cairn_gemm_source quarter = {.b = s->b + row * s->k_step + column * s->n_step,
                                 .segments = 1,
                                 .length = s->k,
                                 .n = columns,
                                 .k_step = s->k_step,
                                 .n_step = s->n_step};
    CAIRN_SIMD(cairn_gemm_pack)(to, &quarter);
}

void CAIRN_SIMD(cairn_strassen_pack)(float *packed, const cairn_strassen_source *s, int64_t column)
{
    int64_t columns = cairn_min(CAIRN_GEMM_COLUMNS, s->n - column);
    float *factor[CAIRN_STRASSEN_PRODUCTS];
    for (int i = 0; i < CAIRN_STRASSEN_PRODUCTS; i++)
        factor[i] = packed + i * cairn_strassen_plane(s->k, s->n) + column * s->k;
    float *b11 = factor[0], *b21 = factor[1], *b22 = factor[6], *b12 = factor[5]; /* T1 takes its place */
    pack_quarter(b11, s, 0, column, columns);
    pack_quarter(b21, s, s->k, column, columns);
    pack_quarter(b22, s, s->k, s->n + column, columns);
    pack_quarter(b12, s, 0, s->n + column, columns);
    int64_t count = (int64_t)cairn_gemm_packed(s->k, columns);
    for (int64_t i = 0; i < count; i += CAIRN_LANES) {
        vec right = vec_load(b12 + i), corner = vec_load(b22 + i);
        vec t1 = right - vec_load(b11 + i), t2 = corner - t1;
        vec_store(factor[2] + i, t2);
        vec_store(factor[3] + i, corner - right);
        vec_store(factor[4] + i, vec_load(b21 + i) - t2);
        vec_store(factor[5] + i, t1);
    }
}

/* ---- left factors ---- */

typedef const void *rows_of_a[CAIRN_STRASSEN_PAIRS];

static void add_rows(const float *upper, const float *lower, int64_t k, float *const sum[CAIRN_STRASSEN_SUMS])
{
    for (int64_t i = 0; i < k; i += CAIRN_LANES) {
        vec a11 = vec_load(upper + i), a21 = vec_load(lower + i);
        vec s1 = a21 + vec_load(lower + k + i), s2 = s1 - a11;
        vec_store(sum[0] + i, s1);
        vec_store(sum[1] + i, s2);
        vec_store(sum[2] + i, a11 - a21);
        vec_store(sum[3] + i, vec_load(upper + k + i) - s2);
    }
}

/* Those of P1 ... P7. */
static void make_factors(const cairn_strassen *s, rows_of_a factor[CAIRN_STRASSEN_PRODUCTS])
{
    int64_t pitch = cairn_gemm_row_pitch(s->k);
    for (int64_t i = 0; i < s->pairs; i++) {
        float *sum[CAIRN_STRASSEN_SUMS];
        for (int j = 0; j < CAIRN_STRASSEN_SUMS; j++)
            sum[j] = s->scratch + (j * s->pairs + i) * pitch;
        if (!s->summed)
            add_rows(s->a[0][i], s->a[1][i], s->k, sum);
        const void *const left[CAIRN_STRASSEN_PRODUCTS] = {
            s->a[0][i], s->a[0][i] + s->k, sum[1], sum[2], s->a[1][i] + s->k, sum[0], sum[3]};
        for (int j = 0; j < CAIRN_STRASSEN_PRODUCTS; j++)
            factor[j][i] = left[j];
    }
}

/* ---- products ---- */

typedef void *rows_of_c[CAIRN_STRASSEN_PAIRS];

/* Columns of each half that are computed at a time: where their quarters of C, the addend and the gate are,
 * and U, V and P6. Quarters in the order C11, C12, C21, C22. */
typedef struct strip {
    int64_t column, columns;
    rows_of_c c[4], u, v, p6;
    rows_of_a addend[4], gate[4];
} strip;

static void find_strip(const cairn_strassen *s, strip *t)
{
    int64_t pitch = cairn_gemm_row_pitch(cairn_min(s->columns, CAIRN_STRASSEN_COLUMNS));
    float *kept = s->scratch + CAIRN_STRASSEN_SUMS * s->pairs * cairn_gemm_row_pitch(s->k);
    for (int64_t i = 0; i < s->pairs; i++, kept += pitch) {
        t->u[i] = kept;
        t->v[i] = kept + s->pairs * pitch;
        t->p6[i] = kept + 2 * s->pairs * pitch;
        for (int quarter = 0; quarter < 4; quarter++) {
            int64_t column = quarter % 2 * s->n + t->column;
            t->c[quarter][i] = s->c[quarter / 2][i] + column;
            if (s->addend[0] != NULL)
                t->addend[quarter][i] = s->addend[quarter / 2][i] + column;
            if (s->gate[0] != NULL)
                t->gate[quarter][i] = s->gate[quarter / 2][i] + column;
        }
    }
}

/* What a product becomes with others: rows in scratch, or a quarter of C, which has all that stands behind.
 */
typedef struct outcome {
    const void *const *with[2]; /* up to a NULL */
    void *const *to;
    int quarter; /* of C; -1: none */
} outcome;

static void multiply(const cairn_strassen *s, const strip *t, int product, rows_of_a left,
                     const outcome *result)
{
    static const int64_t origin = 0;
    int64_t plane = cairn_strassen_plane(s->k, s->n);
    const float *b = s->b + product * plane + t->column * s->k;
    bool last = product + 1 == CAIRN_STRASSEN_PRODUCTS;
    const float *next = last ? s->b + (t->column + t->columns) * s->k : b + plane;
    cairn_gemm_rows gemm = {.rows = s->pairs,
                            .a = left,
                            .c = result->to,
                            .offset = &origin,
                            .segments = 1,
                            .length = s->k,
                            .block = cairn_gemm_block(s->k, false),
                            .n = t->columns,
                            .b = b,
                            .packed = true,
                            .next =
                                cairn_gemm_next(next, (size_t)(CAIRN_STRASSEN_PRODUCTS * plane) * sizeof *b),
                            .addend = {result->with[0], result->with[1]},
                            .floor = -INFINITY};
    if (result->quarter >= 0) {
        int others = (result->with[0] != NULL) + (result->with[1] != NULL);
        gemm.floor = s->floor;
        gemm.addend[others] = s->addend[0] != NULL ? t->addend[result->quarter] : NULL;
        gemm.gate = s->gate[0] != NULL ? t->gate[result->quarter] : NULL;
        gemm.bias = s->bias != NULL ? s->bias + result->quarter % 2 * s->n + t->column : NULL;
    }
    CAIRN_SIMD(cairn_gemm_rows)(&gemm);
}

/* C22 = V + P6, the one sum that no product comes with. */
static void add_corner(const cairn_strassen *s, const strip *t)
{
    vec floor = vec_set(s->floor);
    for (int64_t row = 0; row < s->pairs; row++) {
        const float *v = t->v[row], *p6 = t->p6[row];
        const float *bias = s->bias != NULL ? s->bias + s->n + t->column : NULL;
        const float *addend = s->addend[0] != NULL ? t->addend[3][row] : NULL;
        const float *gate = s->gate[0] != NULL ? t->gate[3][row] : NULL;
        float *c = t->c[3][row];
        for (int64_t i = 0; i < t->columns; i += CAIRN_LANES) {
            vec result = vec_load(v + i) + vec_load(p6 + i);
            if (bias != NULL)
                result += vec_load(bias + i);
            if (addend != NULL)
                result += vec_load(addend + i);
            result = vec_max(floor, result);
            if (gate != NULL)
                result = vec_gate(vec_load(gate + i), result);
            vec_store(c + i, result);
        }
    }
}

void CAIRN_SIMD(cairn_strassen_rows)(const cairn_strassen *s)
{
    rows_of_a factor[CAIRN_STRASSEN_PRODUCTS];
    strip t;
    make_factors(s, factor);
    const void *const *u = (const void *const *)t.u, *const *v = (const void *const *)t.v,
                      *const *p6 = (const void *const *)t.p6;
    const outcome sums[CAIRN_STRASSEN_PRODUCTS] = {{{NULL}, t.u, -1},   {{u}, t.c[0], 0}, {{u}, t.u, -1},
                                                   {{u}, t.v, -1},      {{v}, t.c[2], 2}, {{NULL}, t.p6, -1},
                                                   {{u, p6}, t.c[1], 1}};
    for (int64_t done = 0; done < s->columns; done += t.columns) {
        t.column = s->column + done;
        t.columns = cairn_min(CAIRN_STRASSEN_COLUMNS, s->columns - done);
        find_strip(s, &t);
        for (int product = 0; product < CAIRN_STRASSEN_PRODUCTS; product++)
            multiply(s, &t, product, factor[product], &sums[product]);
        add_corner(s, &t);
    }
}
