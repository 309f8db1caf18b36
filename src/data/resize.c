/* Resampling as Pillow does it, bit for bit, of whole pictures and of parts: separable, antialiased when
 * shrinking, coefficients in 22-bit fixed point, and a rounded 8-bit picture between the two passes. */
#include "base/cpu.h"
#include "data/resample.h"
#include <math.h>
#include <string.h>

static double bilinear(double t)
{
    t = fabs(t);
    return t < 1 ? 1 - t : 0;
}

/* Keys' cubic with a = -1/2. */
static double bicubic(double t)
{
    const double a = -0.5;
    t = fabs(t);
    if (t < 1)
        return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

/* ---- an axis ---- */

static void free_axis(cairn_ctx *ctx, cairn_axis *a)
{
    cairn_free(ctx, a->first);
    cairn_free(ctx, a->count);
    cairn_free(ctx, a->coefficient);
    cairn_free(ctx, a->pair);
    *a = (cairn_axis){0};
}

static double support_of(const cairn_span *span, cairn_filter filter)
{
    double scale = span->length / span->to;
    return (filter == CAIRN_BICUBIC ? 2.0 : 1.0) * (scale > 1 ? scale : 1);
}

/* The inputs of output i, counted from the pixel that the span starts in: [*first, *last). */
static double window_of(const cairn_span *span, double support, int i, int *first, int *last)
{
    double begin = span->start - floor(span->start), centre = begin + (i + 0.5) * (span->length / span->to);
    int end = (int)ceil(begin + span->length);
    *first = (int)(centre - support + 0.5);
    *last = (int)(centre + support + 0.5);
    *first = *first < 0 ? 0 : *first;
    *last = *last > end ? end : *last;
    return centre;
}

void cairn_span_needs(const cairn_span *span, cairn_filter filter, int size, int *first, int *last)
{
    double support = support_of(span, filter);
    int begin = (int)floor(span->start), unused;
    window_of(span, support, span->first, first, &unused);
    window_of(span, support, span->first + span->count - 1, &unused, last);
    *first = (int)cairn_min(cairn_max(begin + *first, 0), size - 1);
    *last = (int)cairn_max(cairn_min(begin + *last, size), *first + 1);
}

static uint32_t words(int32_t first, int32_t second)
{
    return (uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16;
}

/* Two pairs at a time: the second may be zeros. */
static void fill_pairs(const int32_t *coefficient, int count, cairn_coefficient_pair *pair)
{
    const int32_t rest = (1 << CAIRN_RESAMPLE_LOW) - 1;
    for (int x = 0; x < (int)cairn_align((size_t)cairn_max(count, 1), 4); x += 2) {
        int32_t first = x < count ? coefficient[x] : 0, second = x + 1 < count ? coefficient[x + 1] : 0;
        pair[x / 2] =
            (cairn_coefficient_pair){.high = words(first >> CAIRN_RESAMPLE_LOW, second >> CAIRN_RESAMPLE_LOW),
                                     .low = words(first & rest, second & rest)};
    }
}

/* `skipped`: pixels of the source before the one that the axis counts from. */
static void fill_axis(cairn_axis *a, const cairn_span *span, cairn_filter filter, int skipped, int size,
                      double *weight)
{
    double scale = span->length / span->to, support = support_of(span, filter);
    double shrink = 1 / (scale > 1 ? scale : 1);
    int begin = (int)floor(span->start);
    for (int i = 0; i < a->out; i++) {
        double sum = 0;
        int first, last;
        int output = span->first + (span->mirrored ? a->out - 1 - i : i);
        double centre = window_of(span, support, output, &first, &last);
        last = last + begin > size ? size - begin : last; /* a part may end within its last pixel */
        for (int x = 0; x < last - first; x++) {
            double t = (x + first - centre + 0.5) * shrink;
            weight[x] = filter == CAIRN_BICUBIC ? bicubic(t) : bilinear(t);
            sum += weight[x];
        }
        a->first[i] = first + begin - skipped;
        a->count[i] = last - first;
        int32_t *coefficient = a->coefficient + (size_t)i * (size_t)a->width;
        for (int x = 0; x < last - first; x++) {
            double k = (sum != 0 ? weight[x] / sum : weight[x]) * (1 << CAIRN_RESAMPLE_BITS);
            coefficient[x] = (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
        }
        fill_pairs(coefficient, a->count[i], a->pair + (size_t)i * (size_t)a->width / 2);
    }
}

void cairn_axis_reach(const cairn_axis *a, int *begin, int *end)
{
    *begin = INT32_MAX;
    *end = 0;
    for (int i = 0; i < a->out; i++) {
        *begin = (int)cairn_min(*begin, a->first[i]);
        *end = (int)cairn_max(*end, a->first[i] + a->count[i]);
    }
}

static cairn_status make_axis(cairn_ctx *ctx, const cairn_span *span, cairn_filter filter, int skipped,
                              int size, cairn_axis *a)
{
    size_t out = (size_t)span->count, coefficients;
    *a = (cairn_axis){.out = span->count,
                      .width = (int)cairn_align((size_t)ceil(support_of(span, filter)) * 2 + 2, 4)};
    a->first = cairn_alloc(ctx, out, sizeof *a->first);
    a->count = cairn_alloc(ctx, out, sizeof *a->count);
    if (cairn_size_mul(out, (size_t)a->width, &coefficients)) {
        a->coefficient = cairn_resize(ctx, NULL, coefficients, sizeof *a->coefficient);
        a->pair = cairn_resize(ctx, NULL, coefficients / 2, sizeof *a->pair);
    }
    double *weight = cairn_alloc(ctx, (size_t)a->width, sizeof *weight);
    bool ok =
        a->first != NULL && a->count != NULL && a->coefficient != NULL && a->pair != NULL && weight != NULL;
    if (ok)
        fill_axis(a, span, filter, skipped, size, weight);
    else
        free_axis(ctx, a);
    cairn_free(ctx, weight);
    return ok ? CAIRN_OK : CAIRN_MEMORY;
}

/* ---- the passes ---- */

typedef struct passes {
    cairn_pass_rows *rows;
    cairn_pass_columns *columns;
} passes;

static passes passes_here(void)
{
    cairn_isa isa = cairn_isa_level();
#if defined(__x86_64__)
    if (isa >= CAIRN_ISA_AVX512)
        return (passes){cairn_pass_rows_avx512, cairn_pass_columns_avx512};
    if (isa >= CAIRN_ISA_AVX2)
        return (passes){cairn_pass_rows_avx2, cairn_pass_columns_avx2};
#endif
    return isa >= CAIRN_ISA_BASE ? (passes){cairn_pass_rows_base, cairn_pass_columns_base}
                                 : (passes){cairn_pass_rows_scalar, cairn_pass_columns_scalar};
}

/* Whether an axis only chooses pixels. */
static bool only_cuts(const cairn_span *span)
{
    return span->length == (double)span->to && span->start == floor(span->start) && !span->mirrored;
}

/* The pixels of an axis that are wanted of a picture that is `size` long. */
static void needs_of(const cairn_span *span, cairn_filter filter, int size, int *first, int *last)
{
    if (only_cuts(span)) {
        *first = (int)span->start + span->first;
        *last = *first + span->count;
    } else {
        cairn_span_needs(span, filter, size, first, last);
    }
}

/* Rows from `top` on into as many of `to`, with an axis. */
static cairn_status run_rows(cairn_ctx *ctx, const cairn_picture *from, int top, const cairn_span *span,
                             cairn_filter filter, cairn_picture *to)
{
    cairn_axis a = {0};
    int begin, end;
    size_t pitch = (size_t)from->w * (size_t)from->c;
    cairn_status status = make_axis(ctx, span, filter, 0, from->w, &a);
    if (status != CAIRN_OK)
        return status;
    cairn_axis_reach(&a, &begin, &end);
    uint8_t *scratch = cairn_resize(ctx, NULL, (size_t)(end - begin) + (size_t)a.out, CAIRN_TURNED_PITCH);
    if (scratch != NULL)
        passes_here().rows(&a, from->data + (size_t)top * pitch, pitch, to->h, to->c, scratch, to->data);
    else
        status = CAIRN_MEMORY;
    cairn_free(ctx, scratch);
    free_axis(ctx, &a);
    return status;
}

/* Rows `top` to below `bottom`, resampled along the rows. */
static cairn_status resample_rows(cairn_ctx *ctx, const cairn_picture *from, int top, int bottom,
                                  const cairn_span *span, cairn_filter filter, cairn_picture *to)
{
    if (only_cuts(span))
        return cairn_picture_cut(ctx, from, top, (int)span->start + span->first, bottom - top, span->count, 0,
                                 to);
    cairn_status status =
        cairn_picture_make(ctx, "resized picture", bottom - top, span->count, from->c, CAIRN_MAX_PIXELS, to);
    if (status == CAIRN_OK)
        status = run_rows(ctx, from, top, span, filter, to);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    return status;
}

/* All columns of a picture whose row 0 is row `skipped` of the `size` that the span counts in. */
static cairn_status resample_columns(cairn_ctx *ctx, const cairn_picture *from, int skipped, int size,
                                     const cairn_span *span, cairn_filter filter, cairn_picture *to)
{
    cairn_axis a = {0};
    size_t row = (size_t)from->w * (size_t)from->c;
    cairn_status status =
        cairn_picture_make(ctx, "resized picture", span->count, from->w, from->c, CAIRN_MAX_PIXELS, to);
    if (status == CAIRN_OK && !only_cuts(span))
        status = make_axis(ctx, span, filter, skipped, size, &a);
    if (status != CAIRN_OK) {
        cairn_picture_free(ctx, to);
        return status;
    }
    if (only_cuts(span))
        memcpy(to->data, from->data + (size_t)((int)span->start + span->first - skipped) * row,
               (size_t)to->h * row);
    else
        passes_here().columns(&a, from->data, row, row, to->data);
    free_axis(ctx, &a);
    return CAIRN_OK;
}

cairn_status cairn_picture_resample(cairn_ctx *ctx, const cairn_picture *from, const cairn_span *rows,
                                    const cairn_span *columns, cairn_filter filter, cairn_pass_order order,
                                    cairn_picture *to)
{
    /* Pillow 13 begins with the pass that leaves less to do for the other */
    bool columns_first = order == CAIRN_PASS_PILLOW13 && !only_cuts(columns) && !only_cuts(rows) &&
                         rows->to < rows->length &&
                         rows->length - rows->to > 2 * (columns->length - columns->to);
    int top, bottom;
    cairn_picture between = {0};
    cairn_status status;
    *to = (cairn_picture){0};
    needs_of(rows, filter, from->h, &top, &bottom);
    if (only_cuts(columns) && columns->count == from->w)
        return resample_columns(ctx, from, 0, from->h, rows, filter, to);
    if (columns_first) {
        status = resample_columns(ctx, from, 0, from->h, rows, filter, &between);
        if (status == CAIRN_OK)
            status = resample_rows(ctx, &between, 0, between.h, columns, filter, to);
    } else {
        status = resample_rows(ctx, from, top, bottom, columns, filter, &between);
        if (status == CAIRN_OK && only_cuts(rows)) {
            *to = between;
            return status;
        }
        if (status == CAIRN_OK)
            status = resample_columns(ctx, &between, top, from->h, rows, filter, to);
    }
    cairn_picture_free(ctx, &between);
    return status;
}

/* ---- whole pictures ---- */

/* Pillow's way: the place is a running sum, in double. */
static cairn_status resize_nearest(cairn_ctx *ctx, const cairn_picture *from, int h, int w, cairn_picture *to)
{
    size_t c = (size_t)from->c;
    double step_y = (double)from->h / h, step_x = (double)from->w / w, y_in = 0.5 * step_y;
    cairn_status status = cairn_picture_make(ctx, "resized picture", h, w, from->c, CAIRN_MAX_PIXELS, to);
    for (int y = 0; status == CAIRN_OK && y < h; y++, y_in += step_y) {
        const uint8_t *row = from->data + (size_t)cairn_min((int64_t)y_in, from->h - 1) * (size_t)from->w * c;
        uint8_t *out = to->data + (size_t)y * (size_t)w * c;
        double x_in = 0.5 * step_x;
        for (int x = 0; x < w; x++, x_in += step_x, out += c)
            memcpy(out, row + (size_t)cairn_min((int64_t)x_in, from->w - 1) * c, c);
    }
    return status;
}

cairn_status cairn_picture_resize(cairn_ctx *ctx, const cairn_picture *from, int h, int w,
                                  cairn_filter filter, cairn_pass_order order, cairn_picture *to)
{
    cairn_span rows = {.length = from->h, .to = h, .count = h},
               columns = {.length = from->w, .to = w, .count = w};
    *to = (cairn_picture){0};
    if (filter == CAIRN_NEAREST && (h != from->h || w != from->w))
        return resize_nearest(ctx, from, h, w, to);
    return cairn_picture_resample(ctx, from, &rows, &columns, filter, order, to);
}
