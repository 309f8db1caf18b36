/* What the dense layer and the gradient of its input share: C (images, n) = A (images, k) * B (k, n). Small
 * weights are used image by image, so that the images at hand stay in the cache; of large ones a unit is a
 * panel of columns for the whole batch, so that weights are read once. Panels of large weights are packed:
 * beforehand for few images, which inference does once, or by the unit itself, which costs little beside the
 * products with many images. */
#ifndef CAIRN_OPS_DENSE_H
#define CAIRN_OPS_DENSE_H

#include "ops/gemm/gemm.h"
#include "ops/real.h"
#include <math.h>

#define CAIRN_DENSE_LARGE (64 * 1024)                                        /* weights */
#define CAIRN_DENSE_COLUMNS (CAIRN_GEMM_COLUMNS * (64 / CAIRN_GEMM_COLUMNS)) /* of a unit */
#define CAIRN_DENSE_MANY 32                                                  /* images */

typedef struct cairn_dense {
    int64_t k, n;
    int64_t k_step, n_step; /* of b, one of them 1 */
    const float *b, *bias;
    float floor;
} cairn_dense;

static inline bool cairn_dense_is_large(const cairn_site *site)
{
    return site->in[0].c * site->out[0].c >= CAIRN_DENSE_LARGE;
}

/* Whether weights are packed by pack(): for inference, which does it once; otherwise transposed ones, unless
 * the unit does it. */
static inline bool cairn_dense_is_packed(const cairn_site *site, bool transposed)
{
    if (!site->training)
        return true;
    return cairn_dense_is_large(site) ? site->capacity < CAIRN_DENSE_MANY
                                      : transposed || site->precision == CAIRN_BF16;
}

/* Bytes of a unit's packed weights. */
static inline size_t cairn_dense_panel_bytes(int64_t k)
{
    return cairn_gemm_packed(cairn_gemm_depth(1, k), CAIRN_DENSE_COLUMNS) * sizeof(float);
}

/* In scratch, behind the unit's packed weights. */
static inline size_t cairn_dense_widened_at(const cairn_site *site, int64_t k)
{
    return site->packed == 0 && cairn_dense_is_large(site) ? cairn_dense_panel_bytes(k) : 0;
}

static inline void cairn_dense_plan(cairn_site *site, bool transposed)
{
    int64_t n = site->out[0].c, k = site->in[0].c;
    if (cairn_dense_is_packed(site, transposed)) {
        site->packed = cairn_gemm_packed(cairn_gemm_depth(1, k), n) * sizeof(float);
        site->pack_units = cairn_ceil_div(n, CAIRN_DENSE_COLUMNS);
        site->in_packed = 1u << 1;
    }
    site->scratch =
        cairn_dense_widened_at(site, k) + cairn_gemm_widened(cairn_min(site->capacity, CAIRN_GEMM_ROWS), k);
    if (!cairn_dense_is_large(site)) {
        cairn_unit_is_image(site, 2 * k * n);
        return;
    }
    site->units = cairn_ceil_div(n, CAIRN_DENSE_COLUMNS);
    site->unit_flops = 2 * site->capacity * k * cairn_min(n, CAIRN_DENSE_COLUMNS);
}

/* Packs the panels begin ... end of B. */
static inline void cairn_dense_pack(const cairn_dense *d, int64_t begin, int64_t end, char *to)
{
    int64_t column = begin * CAIRN_DENSE_COLUMNS;
    cairn_gemm_source source = {.b = d->b + column * d->n_step,
                                .segments = 1,
                                .length = d->k,
                                .n = cairn_min(end * CAIRN_DENSE_COLUMNS, d->n) - column,
                                .k_step = d->k_step,
                                .n_step = d->n_step};
    CAIRN_SIMD(cairn_gemm_pack)(to, &source);
}

/* What a call of the micro-kernel works on. */
typedef struct cairn_dense_part {
    int64_t first, last; /* images */
    int64_t column, columns;
    const char *b; /* packed, or floats */
    bool packed;
} cairn_dense_part;

/* Rows of finished numbers, for activations. */
typedef void cairn_dense_finished(const cairn_work *work, void *const *c, int64_t rows, int64_t columns);

static inline void cairn_dense_multiply(const cairn_work *work, const cairn_dense *d,
                                        const cairn_dense_part *part, cairn_dense_finished *finished)
{
    static const int64_t origin = 0;
    const void *a[CAIRN_GEMM_ROWS];
    void *c[CAIRN_GEMM_ROWS];
    for (int64_t image = part->first; image < part->last; image += CAIRN_GEMM_ROWS) {
        int64_t rows = cairn_min(CAIRN_GEMM_ROWS, part->last - image);
        for (int64_t i = 0; i < rows; i++) {
            a[i] = cairn_image_of(&work->in[0], image + i);
            c[i] = cairn_result_at(&work->out[0], image + i, part->column);
        }
        cairn_gemm_widen(a, rows, d->k, work->scratch + cairn_dense_widened_at(work->site, d->k));
        cairn_gemm_rows gemm = {.rows = rows,
                                .a = a,
                                .c = c,
                                .offset = &origin,
                                .segments = 1,
                                .length = d->k,
                                .block = cairn_gemm_block(d->k, work->site->exact),
                                .n = part->columns,
                                .b = part->b,
                                .ldb = d->k_step,
                                .packed = part->packed,
                                .bias = d->bias != NULL ? d->bias + part->column : NULL,
                                .floor = d->floor,
                                .float_c = cairn_is_float(&work->out[0])};
        CAIRN_SIMD(cairn_gemm_rows)(&gemm);
        if (finished != NULL)
            finished(work, c, rows, part->columns);
    }
}

/* The images and columns of the work. */
static inline void cairn_dense_run(const cairn_work *work, const cairn_dense *d, bool transposed,
                                   cairn_dense_finished *finished)
{
    bool packed = cairn_dense_is_packed(work->site, transposed);
    const char *b = packed ? work->packed : (const char *)d->b;
    if (work->site->per_image) {
        cairn_dense_part all = {work->begin, work->end, 0, d->n, b, packed};
        cairn_dense_multiply(work, d, &all, finished);
        return;
    }
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t column = unit * CAIRN_DENSE_COLUMNS;
        cairn_dense_part panel = {0,    work->run->n, column, cairn_min(CAIRN_DENSE_COLUMNS, d->n - column),
                                  NULL, true};
        if (packed) {
            panel.b = b + (size_t)unit * cairn_dense_panel_bytes(d->k);
        } else {
            cairn_dense_pack(d, unit, unit + 1, work->scratch);
            panel.b = work->scratch;
        }
        cairn_dense_multiply(work, d, &panel, finished);
    }
}

#endif
