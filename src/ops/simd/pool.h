/* What vectorised pools share: which pixels a window holds. */
#ifndef CAIRN_OPS_SIMD_POOL_H
#define CAIRN_OPS_SIMD_POOL_H

#include "ops/simd/copy.h"
#include "ops/window.h"

/* The taps of a window that lie on the picture. */
typedef struct cairn_pool_window {
    int64_t rows, columns;      /* taps on the picture */
    int64_t first;              /* pixel of the first of them */
    int64_t row_step, tap_step; /* in pixels */
} cairn_pool_window;

CAIRN_INLINE cairn_pool_window cairn_pool_window_of(const cairn_window_attrs *a, cairn_taps rows,
                                                    cairn_taps columns)
{
    const cairn_window *w = &a->window;
    return (cairn_pool_window){
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .first = (rows.start + rows.begin * w->dilation_h) * a->in_w + columns.start +
                 columns.begin * w->dilation_w,
        .row_step = (int64_t)w->dilation_h * a->in_w,
        .tap_step = w->dilation_w,
    };
}

/* Vectors of channels of a pixel: whole ones with a mask that the compiler knows to be full, then the rest.
 */
#define CAIRN_FOR_CHANNELS(c, mask, channels, ...)                                                           \
    do {                                                                                                     \
        int64_t c = 0;                                                                                       \
        for (; c + CAIRN_LANES <= (channels); c += CAIRN_LANES) {                                            \
            vec_mask mask = vec_first(CAIRN_LANES);                                                          \
            __VA_ARGS__;                                                                                     \
        }                                                                                                    \
        if (c < (channels)) {                                                                                \
            vec_mask mask = vec_first((channels)-c);                                                         \
            __VA_ARGS__;                                                                                     \
        }                                                                                                    \
    } while (0)

/* The usual pool: 2x2, stride 2, on the picture everywhere. Its windows tile the picture. */
static inline bool cairn_pool_is_plain(const cairn_window_attrs *a)
{
    const cairn_window *w = &a->window;
    return w->k_h == 2 && w->k_w == 2 && w->stride_h == 2 && w->stride_w == 2 && w->dilation_h == 1 &&
           w->dilation_w == 1 && w->pad_top == 0 && w->pad_left == 0 && 2 * a->out_h <= a->in_h &&
           2 * a->out_w <= a->in_w;
}

/* How many of the first pixels of a row can be stored as whole vectors although they are narrower: what these
 * hold too much belongs to the pixels behind, which are stored later. */
static inline int64_t cairn_pool_wholes(const cairn_operand *y, int64_t pixels)
{
    return y->pitch == y->c && y->c < CAIRN_LANES
               ? cairn_max(pixels - cairn_ceil_div(CAIRN_LANES, y->c) + 1, 0)
               : 0;
}

/* Where a pool's gradients are added up: in the picture itself, or in floats if that is bfloat16. */
typedef struct cairn_pool_sums {
    float *data;
    int64_t pitch;
} cairn_pool_sums;

static inline size_t cairn_pool_scratch(const cairn_operand *dx)
{
    return sizeof(real) < sizeof(float) ? (size_t)dx->elements * sizeof(float) : 0;
}

/* Zeros where they will be added. */
static inline void cairn_pool_clear(const cairn_operand *x, real *image)
{
    if (x->pitch == x->c) {
        memset(image, 0, (size_t)x->elements * sizeof *image);
        return;
    }
    for (int64_t pixel = 0; pixel < x->h * x->w; pixel++)
        memset(image + pixel * x->pitch, 0, (size_t)x->c * sizeof *image);
}

static inline cairn_pool_sums cairn_pool_begin(const cairn_work *work, const cairn_operand *dx, real *image)
{
    if (sizeof(real) < sizeof(float)) {
        memset(work->scratch, 0, cairn_pool_scratch(dx));
        return (cairn_pool_sums){(float *)(void *)work->scratch, dx->c};
    }
    cairn_pool_clear(dx, image);
    return (cairn_pool_sums){(float *)(void *)image, dx->pitch};
}

static inline void cairn_pool_end(const cairn_pool_sums *sums, const cairn_operand *dx, real *image)
{
    if (sizeof(real) < sizeof(float))
        for (int64_t pixel = 0; pixel < dx->h * dx->w; pixel++)
            cairn_narrow_pixel(image + pixel * dx->pitch, sums->data + pixel * sums->pitch, dx->c);
}

#endif
