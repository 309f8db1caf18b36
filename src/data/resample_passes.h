/* The passes of a resampling; RESAMPLE(name) names them for a level, and the compiler's target says which
 * vectors there are. Sums are of 32-bit integers, so all levels give the same bytes. */
#include "data/resample.h"
#include <string.h>
#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

#define HALF (1 << (CAIRN_RESAMPLE_BITS - 1))

static inline uint8_t clip(int32_t sum)
{
    int32_t value = sum >> CAIRN_RESAMPLE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* column_block: LANES neighbouring bytes of one output row. */
#if defined(__AVX2__)
#define LANES 16
static inline void column_block(const int32_t *k, int count, const uint8_t *in, size_t pitch, uint8_t *to)
{
    __m256i low = _mm256_set1_epi32(HALF), high = low;
    for (int i = 0; i < count; i++, in += pitch) {
        __m256i factor = _mm256_set1_epi32(k[i]);
        __m256i first = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)in));
        __m256i second = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(in + 8)));
        low = _mm256_add_epi32(low, _mm256_mullo_epi32(first, factor));
        high = _mm256_add_epi32(high, _mm256_mullo_epi32(second, factor));
    }
    __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(low, CAIRN_RESAMPLE_BITS),
                                       _mm256_srai_epi32(high, CAIRN_RESAMPLE_BITS));
    words = _mm256_permute4x64_epi64(words, 0xD8); /* the halves of a vector are packed apart */
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
}
#elif defined(__SSE4_1__)
#define LANES 8
static inline void column_block(const int32_t *k, int count, const uint8_t *in, size_t pitch, uint8_t *to)
{
    __m128i low = _mm_set1_epi32(HALF), high = low;
    for (int i = 0; i < count; i++, in += pitch) {
        __m128i factor = _mm_set1_epi32(k[i]), bytes = _mm_loadl_epi64((const __m128i *)(const void *)in);
        low = _mm_add_epi32(low, _mm_mullo_epi32(_mm_cvtepu8_epi32(bytes), factor));
        high = _mm_add_epi32(high, _mm_mullo_epi32(_mm_cvtepu8_epi32(_mm_srli_si128(bytes, 4)), factor));
    }
    __m128i words =
        _mm_packs_epi32(_mm_srai_epi32(low, CAIRN_RESAMPLE_BITS), _mm_srai_epi32(high, CAIRN_RESAMPLE_BITS));
    _mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(words, words));
}
#else
#define LANES 16
static inline void column_block(const int32_t *k, int count, const uint8_t *in, size_t pitch, uint8_t *to)
{
    int32_t sums[LANES];
    for (int x = 0; x < LANES; x++)
        sums[x] = HALF;
    for (int i = 0; i < count; i++, in += pitch)
        for (int x = 0; x < LANES; x++)
            sums[x] += in[x] * k[i];
    for (int x = 0; x < LANES; x++)
        to[x] = clip(sums[x]);
}
#endif

/* `row` bytes of every output, which are `to_pitch` apart; `from` is input number `begin`. */
static void columns(const cairn_axis *a, int begin, const uint8_t *from, size_t pitch, size_t row,
                    uint8_t *to, size_t to_pitch)
{
    for (int y = 0; y < a->out; y++, to += to_pitch) {
        const uint8_t *in = from + (size_t)(a->first[y] - begin) * pitch;
        const int32_t *k = a->coefficient + (size_t)y * (size_t)a->width;
        size_t x = 0;
        for (; x + LANES <= row; x += LANES)
            column_block(k, a->count[y], in + x, pitch, to + x);
        for (; x < row; x++) {
            int32_t sum = HALF;
            for (int i = 0; i < a->count[y]; i++)
                sum += in[(size_t)i * pitch + x] * k[i];
            to[x] = clip(sum);
        }
    }
}

void RESAMPLE(cairn_pass_columns)(const cairn_axis *a, const uint8_t *from, size_t pitch, size_t row,
                                  uint8_t *to)
{
    columns(a, 0, from, pitch, row, to, row);
}

/* ---- rows ---- */

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

/* Sixteen rows at a time are laid side by side, pixel by pixel, so that their rows are columns. */
void RESAMPLE(cairn_pass_rows)(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, int c,
                               uint8_t *scratch, uint8_t *to)
{
    int begin, end;
    cairn_axis_reach(a, &begin, &end);
    size_t pixel = (size_t)c, row = (size_t)a->out * pixel;
    uint8_t *turned = scratch + (size_t)(end - begin) * CAIRN_TURNED_PITCH;
    for (int y = 0; y < rows; y += CAIRN_TURNED_ROWS) {
        int n = rows - y < CAIRN_TURNED_ROWS ? rows - y : CAIRN_TURNED_ROWS;
        for (int r = 0; r < n; r++)
            copy_pixels(from + (size_t)(y + r) * pitch + (size_t)begin * pixel, pixel, end - begin, pixel,
                        scratch + (size_t)r * pixel, CAIRN_TURNED_PITCH);
        columns(a, begin, scratch, CAIRN_TURNED_PITCH, (size_t)n * pixel, turned, CAIRN_TURNED_PITCH);
        for (int r = 0; r < n; r++)
            copy_pixels(turned + (size_t)r * pixel, CAIRN_TURNED_PITCH, a->out, pixel,
                        to + (size_t)(y + r) * row, pixel);
    }
}
