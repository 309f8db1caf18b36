/* The passes of a resampling; RESAMPLE(name) names them for a level, and the compiler's target says which
 * vectors there are. Sums are of 32-bit integers, so all levels give the same bytes. */
#include "data/resample.h"
#include <string.h>
#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define HALF (1 << (CAIRN_RESAMPLE_BITS - 1))

static inline uint8_t clip(int32_t sum)
{
    int32_t value = sum >> CAIRN_RESAMPLE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The coefficients of an output. */
typedef struct taps {
    const int32_t *coefficient;
    const cairn_coefficient_pair *pair;
} taps;

/* column_block: LANES neighbouring bytes of one output row. Products of 16 bits take two inputs at a time,
 * and less time for the high and the low part of the coefficients than one of 32 bits takes for each. */
#if defined(__AVX2__)
#define LANES 16
INLINE void column_block(taps t, const uint8_t *in, size_t pitch, uint8_t *to, const int count)
{
    __m256i left = _mm256_set1_epi32(HALF), right = left, left_high = _mm256_setzero_si256(),
            right_high = left_high;
    for (int i = 0; i < count; i += 2, in += 2 * pitch, t.pair++) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)in);
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(i + 1 < count ? in + pitch : in));
        __m256i high = _mm256_set1_epi32((int)t.pair->high), low = _mm256_set1_epi32((int)t.pair->low);
        __m256i bytes = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second));
        left_high = _mm256_add_epi32(left_high, _mm256_madd_epi16(bytes, high));
        left = _mm256_add_epi32(left, _mm256_madd_epi16(bytes, low));
        bytes = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(first, second));
        right_high = _mm256_add_epi32(right_high, _mm256_madd_epi16(bytes, high));
        right = _mm256_add_epi32(right, _mm256_madd_epi16(bytes, low));
    }
    left = _mm256_add_epi32(left, _mm256_slli_epi32(left_high, CAIRN_RESAMPLE_LOW));
    right = _mm256_add_epi32(right, _mm256_slli_epi32(right_high, CAIRN_RESAMPLE_LOW));
    __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(left, CAIRN_RESAMPLE_BITS),
                                       _mm256_srai_epi32(right, CAIRN_RESAMPLE_BITS));
    words = _mm256_permute4x64_epi64(words, 0xD8); /* the halves of a vector are packed apart */
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
}

/* The same of twice as many bytes, which stay in the halves of the vector that they come from. */
INLINE void wide_column_block(taps t, const uint8_t *in, size_t pitch, uint8_t *to, const int count)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i low[4], high[4];
    for (int p = 0; p < 4; p++) {
        low[p] = _mm256_set1_epi32(HALF);
        high[p] = zero;
    }
    for (int i = 0; i < count; i += 2, in += 2 * pitch, t.pair++) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)in);
        __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(i + 1 < count ? in + pitch : in));
        __m256i left = _mm256_unpacklo_epi8(first, second), right = _mm256_unpackhi_epi8(first, second);
        const __m256i words[4] = {_mm256_unpacklo_epi8(left, zero), _mm256_unpackhi_epi8(left, zero),
                                  _mm256_unpacklo_epi8(right, zero), _mm256_unpackhi_epi8(right, zero)};
        for (int p = 0; p < 4; p++) {
            high[p] =
                _mm256_add_epi32(high[p], _mm256_madd_epi16(words[p], _mm256_set1_epi32((int)t.pair->high)));
            low[p] =
                _mm256_add_epi32(low[p], _mm256_madd_epi16(words[p], _mm256_set1_epi32((int)t.pair->low)));
        }
    }
    for (int p = 0; p < 4; p++)
        low[p] = _mm256_srai_epi32(_mm256_add_epi32(low[p], _mm256_slli_epi32(high[p], CAIRN_RESAMPLE_LOW)),
                                   CAIRN_RESAMPLE_BITS);
    __m256i bytes =
        _mm256_packus_epi16(_mm256_packs_epi32(low[0], low[1]), _mm256_packs_epi32(low[2], low[3]));
    _mm256_storeu_si256((__m256i *)(void *)to, bytes);
}
#elif defined(__SSE4_1__)
#define LANES 8
INLINE void column_block(taps t, const uint8_t *in, size_t pitch, uint8_t *to, const int count)
{
    __m128i left = _mm_set1_epi32(HALF), right = left, left_high = _mm_setzero_si128(),
            right_high = left_high;
    for (int i = 0; i < count; i += 2, in += 2 * pitch, t.pair++) {
        __m128i first = _mm_loadl_epi64((const __m128i *)(const void *)in);
        __m128i second = _mm_loadl_epi64((const __m128i *)(const void *)(i + 1 < count ? in + pitch : in));
        __m128i high = _mm_set1_epi32((int)t.pair->high), low = _mm_set1_epi32((int)t.pair->low);
        __m128i both = _mm_unpacklo_epi8(first, second), bytes = _mm_cvtepu8_epi16(both);
        left_high = _mm_add_epi32(left_high, _mm_madd_epi16(bytes, high));
        left = _mm_add_epi32(left, _mm_madd_epi16(bytes, low));
        bytes = _mm_cvtepu8_epi16(_mm_srli_si128(both, 8));
        right_high = _mm_add_epi32(right_high, _mm_madd_epi16(bytes, high));
        right = _mm_add_epi32(right, _mm_madd_epi16(bytes, low));
    }
    left = _mm_add_epi32(left, _mm_slli_epi32(left_high, CAIRN_RESAMPLE_LOW));
    right = _mm_add_epi32(right, _mm_slli_epi32(right_high, CAIRN_RESAMPLE_LOW));
    __m128i words = _mm_packs_epi32(_mm_srai_epi32(left, CAIRN_RESAMPLE_BITS),
                                    _mm_srai_epi32(right, CAIRN_RESAMPLE_BITS));
    _mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(words, words));
}
#else
#define LANES 16
INLINE void column_block(taps t, const uint8_t *in, size_t pitch, uint8_t *to, const int count)
{
    int32_t sums[LANES];
    for (int x = 0; x < LANES; x++)
        sums[x] = HALF;
    for (int i = 0; i < count; i++, in += pitch)
        for (int x = 0; x < LANES; x++)
            sums[x] += in[x] * t.coefficient[i];
    for (int x = 0; x < LANES; x++)
        to[x] = clip(sums[x]);
}
#endif

INLINE void column_row(taps t, const uint8_t *in, size_t pitch, size_t row, uint8_t *to, const int count)
{
    size_t x = 0;
#if defined(__AVX2__)
    for (; x + 2 * LANES <= row; x += 2 * LANES)
        wide_column_block(t, in + x, pitch, to + x, count);
#endif
    for (; x + LANES <= row; x += LANES)
        column_block(t, in + x, pitch, to + x, count);
    for (; x < row; x++) {
        int32_t sum = HALF;
        for (int i = 0; i < count; i++)
            sum += in[(size_t)i * pitch + x] * t.coefficient[i];
        to[x] = clip(sum);
    }
}

/* `row` bytes of every output, which are `to_pitch` apart; `from` is input number `begin`. Most outputs are
 * of few inputs. */
INLINE void columns(const cairn_axis *a, int begin, const uint8_t *from, size_t pitch, size_t row,
                    uint8_t *to, size_t to_pitch)
{
    for (int y = 0; y < a->out; y++, to += to_pitch) {
        const uint8_t *in = from + (size_t)(a->first[y] - begin) * pitch;
        size_t at = (size_t)y * (size_t)a->width;
        taps t = {a->coefficient + at, a->pair + at / 2};
        switch (a->count[y]) {
        case 1:
            column_row(t, in, pitch, row, to, 1);
            break;
        case 2:
            column_row(t, in, pitch, row, to, 2);
            break;
        case 3:
            column_row(t, in, pitch, row, to, 3);
            break;
        case 4:
            column_row(t, in, pitch, row, to, 4);
            break;
        default:
            column_row(t, in, pitch, row, to, a->count[y]);
        }
    }
}

void RESAMPLE(cairn_pass_columns)(const cairn_axis *a, const uint8_t *from, size_t pitch, size_t row,
                                  uint8_t *to)
{
    columns(a, 0, from, pitch, row, to, row);
}

/* ---- rows ---- */

#if defined(__SSE4_1__)
#include "data/resample_pixels.h"
#endif

/* Pixels of c bytes from one place to another, each `from_step` and `to_step` behind the one before. Four
 * bytes are copied where three are meant, which the next pixel's cover; the last gets three. */
static void copy_pixels(const uint8_t *from, size_t from_step, int count, size_t c, uint8_t *to,
                        size_t to_step)
{
    int i = 0;
    for (; c == 3 && i + 1 < count; i++)
        memcpy(to + (size_t)i * to_step, from + (size_t)i * from_step, 4);
    for (; i < count; i++)
        memcpy(to + (size_t)i * to_step, from + (size_t)i * from_step, c);
}

/* Sixteen rows at a time are laid side by side, pixel by pixel, so that their rows are columns; but for most
 * pictures there is a shorter way. */
void RESAMPLE(cairn_pass_rows)(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, int c,
                               uint8_t *scratch, uint8_t *to)
{
#if defined(__SSE4_1__)
    if (c == PIXEL && a->out >= 4) {
        pass_pixels(a, from, pitch, rows, scratch, to);
        return;
    }
#endif
    int begin, end;
    cairn_axis_reach(a, &begin, &end);
    size_t pixel = (size_t)c, row = (size_t)a->out * pixel;
    uint8_t *turned = scratch + (size_t)(end - begin) * CAIRN_TURNED_PITCH;
    for (int y = 0; y < rows; y += CAIRN_TURNED_ROWS) {
        int n = rows - y < CAIRN_TURNED_ROWS ? rows - y : CAIRN_TURNED_ROWS;
        for (int r = 0; r < n; r++)
            copy_pixels(from + (size_t)(y + r) * pitch + (size_t)begin * pixel, pixel, end - begin, pixel,
                        scratch + (size_t)r * pixel, CAIRN_TURNED_PITCH);
        if (c == 3) /* whole blocks, whose rows that are not there nobody reads */
            columns(a, begin, scratch, CAIRN_TURNED_PITCH, CAIRN_TURNED_ROWS * 3, turned, CAIRN_TURNED_PITCH);
        else
            columns(a, begin, scratch, CAIRN_TURNED_PITCH, (size_t)n * pixel, turned, CAIRN_TURNED_PITCH);
        for (int r = 0; r < n; r++)
            copy_pixels(turned + (size_t)r * pixel, CAIRN_TURNED_PITCH, a->out, pixel,
                        to + (size_t)(y + r) * row, pixel);
    }
}
