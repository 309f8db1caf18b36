/* The passes of a resampling, in the compilers' vector extensions; RESAMPLE(name) names them for a level.
 * Sums are of 32-bit integers, so all levels give the same bytes. */
#include "data/resample.h"
#include <string.h>

#define HALF (1 << (CAIRN_RESAMPLE_BITS - 1))
#define LANES 16
#define ROWS 4 /* at a time: that many sums are under way */

typedef int32_t sums __attribute__((vector_size(4 * LANES)));
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef int32_t pixel_sums __attribute__((vector_size(16)));
typedef uint8_t pixel __attribute__((vector_size(4)));

static inline uint8_t clip(int32_t sum)
{
    int32_t value = sum >> CAIRN_RESAMPLE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ---- rows ---- */

static void rows_of_any(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, size_t c,
                        uint8_t *to)
{
    for (int y = 0; y < rows; y++, from += pitch)
        for (int x = 0; x < a->out; x++) {
            const int32_t *k = a->coefficient + (size_t)x * (size_t)a->width;
            const uint8_t *in = from + (size_t)a->first[x] * c;
            for (size_t channel = 0; channel < c; channel++) {
                int32_t sum = HALF;
                for (int i = 0; i < a->count[x]; i++)
                    sum += in[(size_t)i * c + channel] * k[i];
                *to++ = clip(sum);
            }
        }
}

static inline pixel_sums load_pixel(const uint8_t *from)
{
    pixel p;
    memcpy(&p, from, sizeof p);
    return __builtin_convertvector(p, pixel_sums);
}

/* Three channels in four lanes: a byte more than the pixel is read, so there must be one. */
static void rows_of_rgb(const cairn_axis *a, const uint8_t *from, size_t pitch, uint8_t *to)
{
    size_t row = 3 * (size_t)a->out;
    for (int x = 0; x < a->out; x++) {
        const int32_t *k = a->coefficient + (size_t)x * (size_t)a->width;
        const uint8_t *in = from + 3 * (size_t)a->first[x];
        pixel_sums sum[ROWS];
        for (int y = 0; y < ROWS; y++)
            sum[y] = (pixel_sums){HALF, HALF, HALF, HALF};
        for (int i = 0; i < a->count[x]; i++, in += 3)
            for (int y = 0; y < ROWS; y++)
                sum[y] += load_pixel(in + (size_t)y * pitch) * k[i];
        for (size_t y = 0; y < ROWS; y++)
            for (size_t channel = 0; channel < 3; channel++)
                to[y * row + 3 * (size_t)x + channel] = clip(sum[y][channel]);
    }
}

void RESAMPLE(cairn_pass_rows)(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, int c,
                               uint8_t *to)
{
    int done = 0;
    /* a row is left for the plain way: behind the last there may be nothing */
    for (; c == 3 && done + ROWS < rows; done += ROWS)
        rows_of_rgb(a, from + (size_t)done * pitch, pitch, to + 3 * (size_t)done * (size_t)a->out);
    rows_of_any(a, from + (size_t)done * pitch, pitch, rows - done, (size_t)c,
                to + (size_t)c * (size_t)done * (size_t)a->out);
}

/* ---- columns ---- */

static inline void column_block(const cairn_axis *a, int y, const uint8_t *from, size_t pitch, uint8_t *to)
{
    const int32_t *k = a->coefficient + (size_t)y * (size_t)a->width;
    sums sum = HALF - (sums){0};
    for (int i = 0; i < a->count[y]; i++, from += pitch) {
        bytes in;
        memcpy(&in, from, sizeof in);
        sum += __builtin_convertvector(in, sums) * k[i];
    }
    sums value = sum >> CAIRN_RESAMPLE_BITS, high = value > 255;
    value &= ~(value >> 31);
    value = (value & ~high) | (high & 255);
    bytes out = __builtin_convertvector(value, bytes);
    memcpy(to, &out, sizeof out);
}

void RESAMPLE(cairn_pass_columns)(const cairn_axis *a, const uint8_t *from, size_t pitch, size_t row,
                                  uint8_t *to)
{
    for (int y = 0; y < a->out; y++, to += row) {
        const uint8_t *in = from + (size_t)a->first[y] * pitch;
        const int32_t *k = a->coefficient + (size_t)y * (size_t)a->width;
        size_t x = 0;
        for (; x + LANES <= row; x += LANES)
            column_block(a, y, in + x, pitch, to + x);
        for (; x < row; x++) {
            int32_t sum = HALF;
            for (int i = 0; i < a->count[y]; i++)
                sum += in[(size_t)i * pitch + x] * k[i];
            to[x] = clip(sum);
        }
    }
}
