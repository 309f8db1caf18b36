/* Affine maps of a picture, the nearest pixel, in 16.16 fixed point as in Pillow. */
#include "base/real.h"
#include "data/augment/colour.h"
#include <math.h>
#include <string.h>

static int64_t fixed(double value)
{
    return (int64_t)floor(value * 65536.0 + 0.5);
}

cairn_status cairn_affine(cairn_ctx *ctx, cairn_picture *picture, const double m[6])
{
    size_t c = (size_t)picture->c, size = (size_t)picture->h * (size_t)picture->w * c;
    uint8_t *out = cairn_alloc(ctx, size, 1), *to = out;
    if (out == NULL)
        return CAIRN_MEMORY;
    int64_t x_row = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), y_row = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    const int64_t a = fixed(m[0]), b = fixed(m[1]), d = fixed(m[3]), e = fixed(m[4]);
    for (int y = 0; y < picture->h; y++, x_row += b, y_row += e) {
        int64_t x_at = x_row, y_at = y_row;
        for (int x = 0; x < picture->w; x++, x_at += a, y_at += d, to += c) {
            int64_t column = x_at >> 16, row = y_at >> 16;
            if (column >= 0 && column < picture->w && row >= 0 && row < picture->h)
                memcpy(to, picture->data + ((size_t)row * (size_t)picture->w + (size_t)column) * c, c);
        }
    }
    cairn_free(ctx, picture->data);
    picture->data = out;
    return CAIRN_OK;
}

cairn_status cairn_rotate(cairn_ctx *ctx, cairn_picture *picture, double degrees)
{
    double sine, cosine, x = picture->w / 2.0, y = picture->h / 2.0;
    cairn_real_sincos(degrees / 360, &sine, &cosine);
    const double matrix[6] = {cosine, -sine,  x - cosine * x + sine * y,
                              sine,   cosine, y - sine * x - cosine * y};
    return cairn_affine(ctx, picture, matrix);
}
