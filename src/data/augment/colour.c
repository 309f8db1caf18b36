/* Colours: blends with something plainer, and tables by channel. */
#include "data/augment/colour.h"
#include <math.h>
#include <string.h>

static size_t pixels_of(const cairn_picture *picture)
{
    return (size_t)picture->h * (size_t)picture->w;
}

/* Pillow's luma in 16-bit fixed point. */
static inline uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* ---- blends ---- */

static inline uint8_t blend(int plain, int value, float factor)
{
    float mixed = (float)plain + factor * (float)(value - plain);
    return (uint8_t)(mixed <= 0 ? 0 : mixed >= 255 ? 255 : mixed);
}

static void blend_with_level(cairn_picture *picture, int level, float factor)
{
    uint8_t table[256];
    for (int value = 0; value < 256; value++)
        table[value] = blend(level, value, factor);
    size_t size = pixels_of(picture) * (size_t)picture->c;
    for (size_t i = 0; i < size; i++)
        picture->data[i] = table[picture->data[i]];
}

void cairn_brighten(cairn_picture *picture, float factor)
{
    blend_with_level(picture, 0, factor);
}

void cairn_contrast(cairn_picture *picture, float factor)
{
    uint64_t sum = 0;
    size_t pixels = pixels_of(picture);
    for (size_t i = 0; i < pixels; i++)
        sum += picture->c == 3 ? luma(picture->data + 3 * i) : picture->data[i];
    blend_with_level(picture, (int)((double)sum / (double)pixels + 0.5), factor);
}

void cairn_saturate(cairn_picture *picture, float factor)
{
    uint8_t *rgb = picture->data;
    size_t pixels = picture->c == 3 ? pixels_of(picture) : 0;
    for (size_t i = 0; i < pixels; i++, rgb += 3) {
        int grey = luma(rgb);
        for (int c = 0; c < 3; c++)
            rgb[c] = blend(grey, rgb[c], factor);
    }
}

/* The mean of 3 x 3 with the middle five times; the rows and columns at the border stay. */
cairn_status cairn_sharpen(cairn_ctx *ctx, cairn_picture *picture, float factor)
{
    size_t c = (size_t)picture->c, row = (size_t)picture->w * c, size = (size_t)picture->h * row;
    uint8_t *copy = cairn_resize(ctx, NULL, size, 1);
    if (copy == NULL)
        return CAIRN_MEMORY;
    memcpy(copy, picture->data, size);
    for (int y = 1; y + 1 < picture->h; y++)
        for (size_t x = c; x + c < row; x++) {
            const uint8_t *at = copy + (size_t)y * row + x, *up = at - row, *down = at + row;
            const uint8_t *left = at - c, *right = at + c;
            int sum =
                *(up - c) + *up + *(up + c) + *left + 5 * *at + *right + *(down - c) + *down + *(down + c);
            picture->data[(size_t)y * row + x] = blend((2 * sum + 13) / 26, *at, factor);
        }
    cairn_free(ctx, copy);
    return CAIRN_OK;
}

/* ---- hue ---- */

typedef struct hsv {
    int h, s, v; /* 0 to 255 */
} hsv;

/* Halves and thirds of single and double precision are Pillow's. */
static hsv to_hsv(const uint8_t *rgb)
{
    int r = rgb[0], g = rgb[1], b = rgb[2];
    int most = (int)cairn_max(cairn_max(r, g), b), least = (int)cairn_min(cairn_min(r, g), b);
    if (most == least)
        return (hsv){.v = most};
    float range = (float)(most - least), s = range / (float)most, h;
    float rc = (float)(most - r) / range, gc = (float)(most - g) / range, bc = (float)(most - b) / range;
    if (r == most)
        h = bc - gc;
    else if (g == most)
        h = (float)(2.0 + (double)rc - (double)bc);
    else
        h = (float)(4.0 + (double)gc - (double)rc);
    h = (float)fmod((double)h / 6.0 + 1.0, 1.0);
    return (hsv){(int)((double)h * 255.0), (int)((double)s * 255.0), most};
}

static uint8_t round_byte(double value)
{
    return (uint8_t)(value + 0.5); /* never negative, at most 255 */
}

static void from_hsv(hsv p, uint8_t *rgb)
{
    uint8_t v = (uint8_t)p.v;
    if (p.s == 0) {
        rgb[0] = rgb[1] = rgb[2] = v;
        return;
    }
    double sixth = (double)(float)p.h * 6.0 / 255.0;
    int i = (int)sixth;
    float f = (float)(sixth - i), s = (float)((double)(float)p.s / 255.0);
    uint8_t low = round_byte(p.v * (1.0 - (double)s)), falling = round_byte(p.v * (1.0 - (double)(s * f))),
            rising = round_byte(p.v * (1.0 - (double)s * (1.0 - (double)f)));
    const uint8_t order[6][3] = {{v, rising, low},  {falling, v, low}, {low, v, rising},
                                 {low, falling, v}, {rising, low, v},  {v, low, falling}};
    memcpy(rgb, order[i % 6], 3);
}

void cairn_turn_hue(cairn_picture *picture, double share)
{
    int turn = (int)(share * 255);
    uint8_t *rgb = picture->data;
    size_t pixels = picture->c == 3 ? pixels_of(picture) : 0;
    for (size_t i = 0; i < pixels; i++, rgb += 3) {
        hsv p = to_hsv(rgb);
        p.h = (p.h + turn) & 255;
        from_hsv(p, rgb);
    }
}

/* ---- tables by channel ---- */

static void apply_tables(cairn_picture *picture, uint8_t table[3][256])
{
    size_t c = (size_t)picture->c, size = pixels_of(picture) * c;
    for (size_t i = 0; i < size; i++)
        picture->data[i] = table[i % c][picture->data[i]];
}

static void count_values(const cairn_picture *picture, int channel, int64_t count[256])
{
    memset(count, 0, 256 * sizeof *count);
    size_t c = (size_t)picture->c, size = pixels_of(picture) * c;
    for (size_t i = (size_t)channel; i < size; i += c)
        count[picture->data[i]]++;
}

static uint8_t clip_byte(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void cairn_autocontrast(cairn_picture *picture)
{
    uint8_t table[3][256];
    int64_t count[256];
    for (int c = 0; c < picture->c; c++) {
        int low = 0, high = 255;
        count_values(picture, c, count);
        while (low < 255 && count[low] == 0)
            low++;
        while (high > 0 && count[high] == 0)
            high--;
        double scale = high > low ? 255.0 / (high - low) : 1, offset = high > low ? -low * scale : 0;
        for (int value = 0; value < 256; value++)
            table[c][value] = clip_byte(value * scale + offset);
    }
    apply_tables(picture, table);
}

void cairn_equalize(cairn_picture *picture)
{
    uint8_t table[3][256];
    int64_t count[256];
    for (int c = 0; c < picture->c; c++) {
        int last = 255;
        count_values(picture, c, count);
        while (count[last] == 0)
            last--;
        int64_t step = ((int64_t)pixels_of(picture) - count[last]) / 255, before = step / 2;
        for (int value = 0; value < 256; value++) {
            table[c][value] = (uint8_t)(step == 0 ? value : cairn_min(before / step, 255));
            before += count[value];
        }
    }
    apply_tables(picture, table);
}

void cairn_posterize(cairn_picture *picture, int bits)
{
    size_t size = pixels_of(picture) * (size_t)picture->c;
    uint8_t mask = (uint8_t)(0xFF << (8 - bits));
    for (size_t i = 0; i < size; i++)
        picture->data[i] &= mask;
}

void cairn_solarize(cairn_picture *picture, double threshold)
{
    size_t size = pixels_of(picture) * (size_t)picture->c;
    for (size_t i = 0; i < size; i++)
        if (picture->data[i] >= threshold)
            picture->data[i] = (uint8_t)(255 - picture->data[i]);
}
