/* Resampling as Pillow does it, bit for bit: separable, antialiased when shrinking, coefficients in 22-bit
 * fixed point, and a rounded 8-bit picture between the two passes. */
#include "data/picture.h"
#include <math.h>
#include <string.h>

#define PRECISION 22

/* What one axis does: output i is the sum of count[i] inputs from first[i], times coefficients. */
typedef struct axis {
    int in, out, width; /* width: coefficients per output, some unused */
    int *first, *count;
    int32_t *coefficient;
} axis;

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

static void free_axis(cairn_ctx *ctx, axis *a)
{
    cairn_free(ctx, a->first);
    cairn_free(ctx, a->count);
    cairn_free(ctx, a->coefficient);
    *a = (axis){0};
}

static void fill_axis(axis *a, cairn_filter filter, double scale, double support, double *weight)
{
    double shrink = 1 / (scale > 1 ? scale : 1);
    for (int i = 0; i < a->out; i++) {
        double centre = (i + 0.5) * scale, sum = 0;
        int first = (int)(centre - support + 0.5), last = (int)(centre + support + 0.5);
        first = first < 0 ? 0 : first;
        last = last > a->in ? a->in : last;
        a->first[i] = first;
        a->count[i] = last - first;
        for (int x = 0; x < last - first; x++) {
            double t = (x + first - centre + 0.5) * shrink;
            weight[x] = filter == CAIRN_BICUBIC ? bicubic(t) : bilinear(t);
            sum += weight[x];
        }
        int32_t *coefficient = a->coefficient + (size_t)i * (size_t)a->width;
        for (int x = 0; x < last - first; x++) {
            double k = (sum != 0 ? weight[x] / sum : weight[x]) * (1 << PRECISION);
            coefficient[x] = (int32_t)(k < 0 ? k - 0.5 : k + 0.5);
        }
    }
}

static cairn_status make_axis(cairn_ctx *ctx, int in, int out, cairn_filter filter, axis *a)
{
    double scale = (double)in / out;
    double support = (filter == CAIRN_BICUBIC ? 2.0 : 1.0) * (scale > 1 ? scale : 1);
    *a = (axis){.in = in, .out = out, .width = (int)ceil(support) * 2 + 1};
    a->first = cairn_alloc(ctx, (size_t)out, sizeof *a->first);
    a->count = cairn_alloc(ctx, (size_t)out, sizeof *a->count);
    size_t coefficients;
    if (cairn_size_mul((size_t)out, (size_t)a->width, &coefficients))
        a->coefficient = cairn_alloc(ctx, coefficients, sizeof *a->coefficient);
    double *weight = cairn_alloc(ctx, (size_t)a->width, sizeof *weight);
    bool ok = a->first != NULL && a->count != NULL && a->coefficient != NULL && weight != NULL;
    if (ok)
        fill_axis(a, filter, scale, support, weight);
    else
        free_axis(ctx, a);
    cairn_free(ctx, weight);
    return ok ? CAIRN_OK : CAIRN_MEMORY;
}

static uint8_t clip(int32_t sum)
{
    int32_t value = sum >> PRECISION;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void pass_horizontal(const axis *a, const cairn_picture *from, cairn_picture *to)
{
    size_t c = (size_t)from->c;
    uint8_t *out = to->data;
    for (int y = 0; y < from->h; y++) {
        const uint8_t *row = from->data + (size_t)y * (size_t)from->w * c;
        for (int x = 0; x < to->w; x++) {
            const int32_t *k = a->coefficient + (size_t)x * (size_t)a->width;
            const uint8_t *in = row + (size_t)a->first[x] * c;
            for (size_t channel = 0; channel < c; channel++) {
                int32_t sum = 1 << (PRECISION - 1);
                for (int i = 0; i < a->count[x]; i++)
                    sum += in[(size_t)i * c + channel] * k[i];
                *out++ = clip(sum);
            }
        }
    }
}

/* `sums`: one for each element of a row. */
static void pass_vertical(const axis *a, const cairn_picture *from, cairn_picture *to, int32_t *sums)
{
    size_t row = (size_t)from->w * (size_t)from->c;
    for (int y = 0; y < to->h; y++) {
        const int32_t *k = a->coefficient + (size_t)y * (size_t)a->width;
        for (size_t x = 0; x < row; x++)
            sums[x] = 1 << (PRECISION - 1);
        for (int i = 0; i < a->count[y]; i++) {
            const uint8_t *in = from->data + (size_t)(a->first[y] + i) * row;
            for (size_t x = 0; x < row; x++)
                sums[x] += in[x] * k[i];
        }
        uint8_t *out = to->data + (size_t)y * row;
        for (size_t x = 0; x < row; x++)
            out[x] = clip(sums[x]);
    }
}

/* One pass into a new picture of h x w, where only one of the two differs from the source's. */
static cairn_status pass(cairn_ctx *ctx, const cairn_picture *from, int h, int w, cairn_filter filter,
                         cairn_picture *to)
{
    bool vertical = h != from->h;
    axis a = {0};
    int32_t *sums = NULL;
    *to = (cairn_picture){0};
    cairn_status status = cairn_picture_make(ctx, "resized picture", h, w, from->c, CAIRN_MAX_PIXELS, to);
    if (status == CAIRN_OK)
        status = vertical ? make_axis(ctx, from->h, h, filter, &a) : make_axis(ctx, from->w, w, filter, &a);
    if (status == CAIRN_OK && vertical) {
        sums = cairn_alloc(ctx, (size_t)w * (size_t)from->c, sizeof *sums);
        status = sums == NULL ? CAIRN_MEMORY : CAIRN_OK;
    }
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    else if (vertical)
        pass_vertical(&a, from, to, sums);
    else
        pass_horizontal(&a, from, to);
    cairn_free(ctx, sums);
    free_axis(ctx, &a);
    return status;
}

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

static cairn_status copy_picture(cairn_ctx *ctx, const cairn_picture *from, cairn_picture *to)
{
    cairn_status status = cairn_picture_make(ctx, "picture", from->h, from->w, from->c, INT64_MAX, to);
    if (status == CAIRN_OK)
        memcpy(to->data, from->data, (size_t)from->h * (size_t)from->w * (size_t)from->c);
    return status;
}

cairn_status cairn_picture_resize(cairn_ctx *ctx, const cairn_picture *from, int h, int w,
                                  cairn_filter filter, cairn_pass_order order, cairn_picture *to)
{
    *to = (cairn_picture){0};
    if (h == from->h && w == from->w)
        return copy_picture(ctx, from, to);
    if (filter == CAIRN_NEAREST)
        return resize_nearest(ctx, from, h, w, to);
    if (h == from->h || w == from->w)
        return pass(ctx, from, h, w, filter, to);
    /* Pillow 13 begins with the pass that leaves less to do for the other */
    bool vertical_first =
        order == CAIRN_PASS_PILLOW13 && h < from->h && (int64_t)from->h - h > 2 * ((int64_t)from->w - w);
    cairn_picture between;
    cairn_status status = vertical_first ? pass(ctx, from, h, from->w, filter, &between)
                                         : pass(ctx, from, from->h, w, filter, &between);
    if (status == CAIRN_OK)
        status = pass(ctx, &between, h, w, filter, to);
    cairn_picture_free(ctx, &between);
    return status;
}
