/* IDX files: rows I1 to I5 of malformed input, plain and gzip. */
#include "support.h"

#include "data/idx.h"
#include <zlib.h>

/* Three images of 2 x 2. */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2,  0,  0,
                                 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static size_t compress_gzip(const void *bytes, size_t size, uint8_t *to, size_t capacity)
{
    z_stream z = {.next_in = (z_const Bytef *)bytes,
                  .avail_in = (uInt)size,
                  .next_out = to,
                  .avail_out = (uInt)capacity};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t written = z.total_out;
    deflateEnd(&z);
    return written;
}

static cairn_status parse(bench *b, const void *bytes, size_t size, int rank)
{
    /* a block of exactly this size lets the sanitizer see any read beyond it */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    cairn_idx idx;
    cairn_status status = cairn_idx_parse(b->ctx, "test", copy, size, rank, &idx);
    free(copy);
    cairn_idx_free(b->ctx, &idx);
    return status;
}

static void reads_plain_and_gzip(void **state)
{
    bench *b = *state;
    uint8_t packed[256];
    size_t size = compress_gzip(images, sizeof images, packed, sizeof packed);
    bench_put(bench_path(b, "plain"), images, sizeof images);
    bench_put(bench_path(b, "gzip"), packed, size);
    const char *names[] = {"plain", "gzip"};
    for (int i = 0; i < 2; i++) {
        cairn_idx idx;
        assert_int_equal(cairn_idx_load(b->ctx, bench_path(b, names[i]), 3, &idx), CAIRN_OK);
        assert_int_equal(idx.dim[0], 3);
        assert_int_equal(idx.size, 12);
        assert_memory_equal(idx.data, images + 16, 12);
        cairn_idx_free(b->ctx, &idx);
    }
}

static void I1_wrong_type(void **state)
{
    bench *b = *state;
    uint8_t bytes[sizeof images];
    memcpy(bytes, images, sizeof images);
    bytes[2] = 9;
    bytes[3] = 4;
    assert_fails(b, parse(b, bytes, sizeof bytes, 3), CAIRN_INPUT, "expected 0x00000803, found 0x00000904");
    bytes[2] = 0x0D;
    bytes[3] = 1;
    assert_fails(b, parse(b, bytes, sizeof bytes, 1), CAIRN_INPUT, "expected 0x00000801, found 0x00000d01");
    bytes[0] = 1;
    assert_fails(b, parse(b, bytes, sizeof bytes, 1), CAIRN_INPUT, "found 0x01000d01");
}

static void I2_wild_sizes(void **state)
{
    bench *b = *state;
    uint8_t bytes[16];
    memset(bytes, 0xFF, sizeof bytes);
    memcpy(bytes, images, 4);
    assert_fails(b, parse(b, bytes, sizeof bytes, 3), CAIRN_INPUT, "too large (found 4294967295)");
    bytes[3] = 0;
    assert_fails(b, parse(b, bytes, sizeof bytes, 3), CAIRN_INPUT, "found 0x00000800");
    bytes[3] = 255;
    assert_fails(b, parse(b, bytes, sizeof bytes, 3), CAIRN_INPUT, "found 0x000008ff");
    /* a gigabyte claimed by 32 bytes is refused before it is asked for */
    const uint8_t claim[16] = {0, 0, 8, 3, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0};
    uint8_t packed[64];
    size_t size = compress_gzip(claim, sizeof claim, packed, sizeof packed);
    assert_fails(b, parse(b, claim, sizeof claim, 3), CAIRN_INPUT, "cut short (expected 1073741824 bytes");
    assert_fails(b, parse(b, packed, size, 3), CAIRN_INPUT, "cut short (expected 1073741824 bytes");
}

static void I4_wrong_length(void **state)
{
    bench *b = *state;
    uint8_t packed[256], twice[256], longer[sizeof images + 1] = {0};
    size_t size = compress_gzip(images, sizeof images, packed, sizeof packed - 1);
    for (size_t n = 0; n < sizeof images; n++)
        assert_fails(b, parse(b, images, n, 3), CAIRN_INPUT, "cut short");
    for (size_t n = 2; n < size; n++)
        assert_fails(b, parse(b, packed, n, 3), CAIRN_INPUT, "cut short");
    memcpy(longer, images, sizeof images);
    assert_fails(b, parse(b, longer, sizeof longer, 3), CAIRN_INPUT, "after the end");
    packed[size] = 0;
    assert_fails(b, parse(b, packed, size + 1, 3), CAIRN_INPUT, "after the end");
    size_t twice_size = compress_gzip(packed, size, twice, sizeof twice);
    assert_fails(b, parse(b, twice, twice_size, 3), CAIRN_INPUT, "gzip inside gzip");
    size_t longer_size = compress_gzip(longer, sizeof longer, packed, sizeof packed);
    assert_fails(b, parse(b, packed, longer_size, 3), CAIRN_INPUT, "after the end");
}

/* A flipped bit is found by the checksum, or lies where it means nothing (time, padding). */
static void survives_flips(void **state)
{
    bench *b = *state;
    uint8_t packed[256];
    size_t size = compress_gzip(images, sizeof images, packed, sizeof packed);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cairn_idx idx;
        cairn_status status = cairn_idx_parse(b->ctx, "test", packed, size, 3, &idx);
        assert_true(status == CAIRN_INPUT || status == CAIRN_OK);
        if (status == CAIRN_OK)
            assert_memory_equal(idx.data, images + 16, 12);
        cairn_idx_free(b->ctx, &idx);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_plain_and_gzip), TEST(I1_wrong_type),  TEST(I2_wild_sizes),
        TEST(I4_wrong_length),      TEST(survives_flips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
