/* What the dense layer and the gradient of its input share: C (images, n) = A (images, k) * B (k, n). Small weights are
 * used image by image, so that the images at hand stay in the cache; of large ones a unit is a part of the columns for the
 * whole batch, so that weights are read once. */
#ifndef CAIRN_OPS_DENSE_H
#define CAIRN_OPS_DENSE_H

#include "ops/gemm/gemm.h"
#include "ops/real.h"
#include <math.h>

#define CAIRN_DENSE_LARGE (64 * 1024)              /* weights */
#define CAIRN_DENSE_COLUMNS (CAIRN_GEMM_WIDTH * CAIRN_LANES) /* of a unit */

typedef struct cairn_dense {
    int64_t k, n, ldb;
    const float *b, *bias;
    bool packed;
    float floor;
} cairn_dense;

static inline void cairn_dense_plan(cairn_site *site)
{
    int64_t n = site->out[0].c, k = site->in[0].c;
    if (k * n < CAIRN_DENSE_LARGE) {
        cairn_unit_is_image(site, 2 * k * n);
        return;
    }
    site->units = cairn_ceil_div(n, CAIRN_DENSE_COLUMNS);
    site->unit_flops = 2 * site->capacity * k * cairn_min(n, CAIRN_DENSE_COLUMNS);
}

/* Calls the product for the images and columns of the work; rows(arg, ...) sees each block of finished rows. */
static inline void cairn_dense_run(const cairn_work *work, const cairn_dense *d,
                                   void (*finished)(const cairn_work *work, float *const *c, int64_t rows,
                                                    int64_t columns))
{
    static const int64_t origin = 0;
    bool per_image = work->site->per_image;
    int64_t first = per_image ? work->begin : 0, last = per_image ? work->end : work->run->n;
    int64_t column = per_image ? 0 : work->begin * CAIRN_DENSE_COLUMNS;
    int64_t columns = per_image ? d->n : cairn_min(work->end * CAIRN_DENSE_COLUMNS, d->n) - column;
    const float *a[CAIRN_GEMM_ROWS];
    float *c[CAIRN_GEMM_ROWS];
    for (int64_t image = first; image < last; image += CAIRN_GEMM_ROWS) {
        int64_t rows = cairn_min(CAIRN_GEMM_ROWS, last - image);
        for (int64_t i = 0; i < rows; i++) {
            a[i] = cairn_image_of(&work->in[0], image + i);
            c[i] = cairn_image_of(&work->out[0], image + i) + column;
        }
        cairn_gemm_rows gemm = {.rows = rows,
                                .a = a,
                                .c = c,
                                .offset = &origin,
                                .segments = 1,
                                .length = d->k,
                                .n = columns,
                                .b = d->packed ? d->b + column * d->k : d->b + column,
                                .ldb = d->ldb,
                                .packed = d->packed,
                                .bias = d->bias != NULL ? d->bias + column : NULL,
                                .floor = d->floor};
        CAIRN_SIMD(cairn_gemm_rows)(&gemm);
        if (finished != NULL)
            finished(work, c, rows, columns);
    }
}

#endif
