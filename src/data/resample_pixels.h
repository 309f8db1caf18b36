/* Rows of pixels of three bytes, with SSE4.1 or AVX2: a lane of 128 bits holds a pixel of one row in 32-bit
 * sums, and a vector as many rows as it has lanes. Part of resample_passes.h. */
#ifndef CAIRN_DATA_RESAMPLE_PIXELS_H
#define CAIRN_DATA_RESAMPLE_PIXELS_H

#define PIXEL 3   /* bytes */
#define LOADED 16 /* bytes at a time: the pixels of two pairs of coefficients, and some that nobody wants */

#if defined(__AVX2__)
#define AT_ONCE 2 /* rows */
#define OP(name, ...) _mm256_##name(__VA_ARGS__)
typedef __m256i lanes;

INLINE lanes in_all_lanes(__m128i lane)
{
    return _mm256_broadcastsi128_si256(lane);
}

INLINE lanes load_lanes(const uint8_t *const row[AT_ONCE], size_t at)
{
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(row[0] + at));
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(row[1] + at));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

INLINE __m128i lane_of(lanes v, int r)
{
    return r == 0 ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1);
}
#else
#define AT_ONCE 1
#define OP(name, ...) _mm_##name(__VA_ARGS__)
typedef __m128i lanes;

INLINE lanes in_all_lanes(__m128i lane)
{
    return lane;
}

INLINE lanes load_lanes(const uint8_t *const row[AT_ONCE], size_t at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)(row[0] + at));
}

INLINE __m128i lane_of(lanes v, int r)
{
    (void)r;
    return v;
}
#endif

/* An output of some rows: the sum of `count` inputs from byte `at` on. With so many pairs of coefficients for
 * every output, or (0) as many as it has inputs for. */
INLINE lanes sum_pixel(const uint8_t *const row[AT_ONCE], size_t at, int count,
                       const cairn_coefficient_pair *pair, const int pairs)
{
    const lanes first = in_all_lanes(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const lanes second =
        in_all_lanes(_mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    lanes low = OP(set1_epi32, HALF);
    lanes high = OP(set1_epi32, 0);
    for (int i = 0; i < (pairs == 0 ? count : 2 * pairs); i += 4, at += 4 * PIXEL, pair += 2) {
        lanes pixels = load_lanes(row, at), words = OP(shuffle_epi8, pixels, first);
        high = OP(add_epi32, high, OP(madd_epi16, words, OP(set1_epi32, (int)pair[0].high)));
        low = OP(add_epi32, low, OP(madd_epi16, words, OP(set1_epi32, (int)pair[0].low)));
        if (pairs == 1)
            continue;
        words = OP(shuffle_epi8, pixels, second);
        high = OP(add_epi32, high, OP(madd_epi16, words, OP(set1_epi32, (int)pair[1].high)));
        low = OP(add_epi32, low, OP(madd_epi16, words, OP(set1_epi32, (int)pair[1].low)));
    }
    low = OP(add_epi32, low, OP(slli_epi32, high, CAIRN_RESAMPLE_LOW));
    return OP(srai_epi32, low, CAIRN_RESAMPLE_BITS);
}

/* Rows that are resampled together, which begin with input `begin`; `ahead` bytes behind them are those that
 * are wanted next. Four outputs at a time, some at the end twice; nothing is written behind a row, where the
 * next one may be already. */
typedef struct rows_at_once {
    const uint8_t *row[AT_ONCE];
    int n, begin;
    size_t ahead;
    uint8_t *to;
} rows_at_once;

INLINE void sum_pixels(const cairn_axis *a, const rows_at_once *rows, const int pairs)
{
    const lanes bytes = in_all_lanes(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const rows_at_once rs = *rows;
    const int out = a->out, *first = a->first, *count = a->count;
    const size_t width = (size_t)a->width / 2;
    const cairn_coefficient_pair *all = a->pair;
    for (int x = 0; x < out; x += 4) {
        int at = x + 4 <= out ? x : out - 4;
        const cairn_coefficient_pair *pair = all + (size_t)at * width;
        lanes pixel[4];
        for (int r = 0; r < AT_ONCE; r++)
            __builtin_prefetch(rs.row[r] + rs.ahead + (size_t)(first[at] - rs.begin) * PIXEL);
        for (int i = 0; i < 4; i++, pair += width)
            pixel[i] =
                sum_pixel(rs.row, (size_t)(first[at + i] - rs.begin) * PIXEL, count[at + i], pair, pairs);
        lanes four =
            OP(packus_epi16, OP(packs_epi32, pixel[0], pixel[1]), OP(packs_epi32, pixel[2], pixel[3]));
        four = OP(shuffle_epi8, four, bytes);
        for (int r = 0; r < rs.n; r++) {
            uint8_t *place = rs.to + ((size_t)r * (size_t)out + (size_t)at) * PIXEL;
            int32_t end = _mm_extract_epi32(lane_of(four, r), 2);
            _mm_storel_epi64((__m128i *)(void *)place, lane_of(four, r));
            memcpy(place + 8, &end, sizeof end);
        }
    }
}

/* Rows with fewer than LOADED bytes behind them are copied first. The scratch of cairn_pass_rows is large
 * enough. */
static void pass_pixels(const cairn_axis *a, const uint8_t *from, size_t pitch, int rows, uint8_t *scratch,
                        uint8_t *to)
{
    int begin, end, most = 0;
    cairn_axis_reach(a, &begin, &end);
    size_t bytes = (size_t)(end - begin) * PIXEL;
    for (int x = 0; x < a->out; x++)
        most = a->count[x] > most ? a->count[x] : most;
    rows_at_once now = {.begin = begin, .ahead = AT_ONCE * pitch, .to = to};
    for (int y = 0; y < rows; y += AT_ONCE, now.to += (size_t)(AT_ONCE * a->out) * PIXEL) {
        now.n = rows - y < AT_ONCE ? rows - y : AT_ONCE;
        for (int r = 0; r < AT_ONCE; r++) {
            now.row[r] = from + (size_t)(y + (r < now.n ? r : 0)) * pitch + (size_t)begin * PIXEL;
            if ((size_t)(rows - y - now.n) * pitch < LOADED) {
                uint8_t *copy = scratch + (size_t)r * (bytes + LOADED);
                memcpy(copy, now.row[r], bytes);
                memset(copy + bytes, 0, LOADED);
                now.row[r] = copy;
            }
        }
        if (most <= 2)
            sum_pixels(a, &now, 1);
        else if (most <= 4)
            sum_pixels(a, &now, 2);
        else
            sum_pixels(a, &now, 0);
    }
}

#endif
