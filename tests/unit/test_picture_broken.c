/* Decoding of pictures that are broken, or none: rows P1, P2, P4, P6 to P8 and P10 of malformed input. */
#include "picture_files.h"

#include <sys/stat.h>
#include <time.h>

static void P1_every_prefix(void **state)
{
    bench *b = *state;
    const uint8_t rows[4 * 13] = {0};
    bytes files[] = {
        make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr}, 20, 9),
        make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr, .progressive = true}, 20, 9),
        make_png(4, 4, 8, 2, rows, sizeof rows),
    };
    for (size_t i = 0; i < CAIRN_COUNT(files); i++) {
        assert_int_equal(decode_and_drop(b, files[i]), CAIRN_OK);
        for (size_t n = 0; n < files[i].size; n++)
            assert_int_equal(decode_and_drop(b, (bytes){files[i].data, n}), CAIRN_INPUT);
        free(files[i].data);
    }
}

static void survives_flips(void **state)
{
    bench *b = *state;
    const uint8_t rows[2 * 7] = {0, 1, 2, 3, 4, 5, 6, 1, 7, 8, 9, 10, 11, 12};
    bytes files[] = {
        make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, 9, 9),
        make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr, .progressive = true}, 9, 9),
        make_png(2, 2, 8, 2, rows, sizeof rows),
    };
    for (size_t i = 0; i < CAIRN_COUNT(files); i++) {
        for (size_t bit = 0; bit < 8 * files[i].size; bit++) {
            files[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cairn_status status = decode_and_drop(b, files[i]);
            assert_true(status == CAIRN_OK || status == CAIRN_INPUT);
            files[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(files[i].data);
    }
}

/* An allocator with no room for pictures: what asks for one ends with CAIRN_MEMORY. */
static void *no_room(void *user, void *ptr, size_t size)
{
    (void)user;
    if (size > 1 << 20)
        return NULL;
    if (size > 0)
        return realloc(ptr, size);
    free(ptr);
    return NULL;
}

static void P2_huge_headers(void **state)
{
    bench *b = *state;
    cairn_ctx *roomy = b->ctx;
    cairn_ctx_options options = {.threads = 1, .allocator = {no_room, NULL}};
    assert_int_equal(cairn_ctx_create(&options, &b->ctx), CAIRN_OK);
    bytes jpeg = make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, 8, 8);
    size_t frame = find_marker(jpeg, 0xC0);
    memset(jpeg.data + frame + 5, 0xFF, 4); /* 65535 x 65535: beyond what libjpeg takes */
    assert_fails(b, decode_and_drop(b, jpeg), CAIRN_INPUT, "Maximum supported image dimension");
    memcpy(jpeg.data + frame + 5, "\x27\x10\x27\x10", 4); /* 10,000 x 10,000 */
    assert_int_equal(decode_and_drop(b, jpeg), CAIRN_INPUT);
    memcpy(jpeg.data + frame + 5, "\x20\0\x20\0", 4); /* within the pixel limit, but not in so few bytes */
    assert_fails(b, decode_and_drop(b, jpeg), CAIRN_INPUT, "cut short");
    free(jpeg.data);
    const uint32_t sides[][2] = {{0x7FFFFFFF, 0x7FFFFFFF}, {1000000, 1000000}, {9000, 9000}, {1, 0x7FFFFFFF}};
    for (size_t i = 0; i < CAIRN_COUNT(sides); i++) {
        bytes png = make_png(sides[i][0], sides[i][1], 8, 0, "", 1);
        assert_int_equal(decode_and_drop(b, png), CAIRN_INPUT);
        free(png.data);
    }
    cairn_ctx_destroy(b->ctx);
    b->ctx = roomy;
    /* what needs little memory is decoded as far as it goes, as other programs do */
    bytes promise =
        make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .progressive = true}, 8, 8);
    memcpy(promise.data + find_marker(promise, 0xC2) + 5, "\x08\0\x08\0", 4);
    assert_int_equal(decode_and_drop(b, promise), CAIRN_OK);
    free(promise.data);
    bytes small = make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, 10, 10);
    cairn_decode_options limit = {.max_pixels = 99};
    cairn_picture picture;
    assert_fails(b, cairn_picture_decode(b->ctx, "test", small.data, small.size, &limit, &picture),
                 CAIRN_INPUT, "too many pixels (expected at most 99, found 10 x 10)");
    free(small.data);
}

static void P4_many_scans(void **state)
{
    bench *b = *state;
    bytes jpeg =
        make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .progressive = true}, 8, 8);
    size_t last = jpeg.size - 2;
    while (jpeg.data[last] != 0xFF || jpeg.data[last + 1] != 0xDA)
        last--;
    bytes scan = {0}, many = {0};
    append(&scan, jpeg.data + last, jpeg.size - 2 - last);
    append(&many, jpeg.data, jpeg.size - 2);
    for (int i = 0; i < 10000; i++)
        append(&many, scan.data, scan.size);
    append(&many, "\xFF\xD9", 2);
    assert_fails(b, decode_and_drop(b, many), CAIRN_INPUT, "more than 100 scans");
    free(jpeg.data);
    free(scan.data);
    free(many.data);
}

static void P6_damaged_jpeg(void **state)
{
    bench *b = *state;
    bytes file = make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr, .restart = 1}, 40, 40);
    size_t restart = file.size - 2;
    while (file.data[restart] != 0xFF || (file.data[restart + 1] & 0xF8) != 0xD0)
        restart--;
    file.data[restart + 1] = 0xD0 | ((file.data[restart + 1] + 3) & 7);
    assert_int_equal(decode_and_drop(b, file),
                     CAIRN_OK); /* a counted warning; the decoder finds its place again */
    free(file.data);
    file = make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr}, 40, 40);
    size_t scan = find_marker(file, 0xDA);
    memset(file.data + scan + 20, 0x5A, 60);
    assert_int_equal(decode_and_drop(b, file), CAIRN_OK); /* wrong pixels, but a whole file: warnings only */
    cut_segment(&file, 0xDB);
    cut_segment(&file, 0xDB);
    assert_fails(b, decode_and_drop(b, file), CAIRN_INPUT, "Quantization table");
    free(file.data);
}

static void P7_damaged_png(void **state)
{
    bench *b = *state;
    bytes file = make_png(1, 1, 8, 0, "\0\x7B", 2);
    const size_t bad[] = {8 + 8 + 13, file.size - 12 - 1, file.size - 1}; /* CRC of IHDR, IDAT, IEND */
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++) {
        file.data[bad[i]] ^= 1;
        assert_fails(b, decode_and_drop(b, file), CAIRN_INPUT, "CRC error");
        file.data[bad[i]] ^= 1;
    }
    assert_int_equal(decode_and_drop(b, (bytes){file.data, file.size - 12}), CAIRN_INPUT); /* no IEND */
    free(file.data);
    bytes order = {0};
    append(&order, "\x89PNG\r\n\x1a\n", 8);
    append_data(&order, "\0\x7B", 2);
    order = finish(order);
    assert_fails(b, decode_and_drop(b, order), CAIRN_INPUT, "IHDR");
    free(order.data);
    bytes palette = make_png(1, 1, 8, 3, "\0\0", 2); /* its PLTE is missing */
    assert_fails(b, decode_and_drop(b, palette), CAIRN_INPUT, "PLTE");
    free(palette.data);
}

/* Four gigabytes of zeros, without an end: what 64 MiB become up to a full flush can be repeated. */
static bytes make_bomb(uint8_t *zeros, size_t size)
{
    bytes bomb = {0};
    z_stream stream = {.next_in = zeros, .avail_in = (uInt)size};
    assert_int_equal(deflateInit(&stream, 9), Z_OK);
    uLong room = deflateBound(&stream, size) + 16;
    stream.next_out = malloc(room);
    stream.avail_out = (uInt)room;
    uint8_t *packed = stream.next_out;
    assert_int_equal(deflate(&stream, Z_FULL_FLUSH), Z_OK);
    append(&bomb, packed, 2);
    for (int i = 0; i < 64; i++)
        append(&bomb, packed + 2, stream.total_out - 2);
    free(packed);
    deflateEnd(&stream);
    return bomb;
}

static void P8_bombs(void **state)
{
    bench *b = *state;
    size_t size = 64 << 20;
    uint8_t *zeros = calloc(1, size);
    uLongf packed_size = compressBound(size);
    uint8_t *packed = malloc(packed_size);
    assert_int_equal(compress2(packed, &packed_size, zeros, size, 9), Z_OK);
    /* in chunks that do not matter: skipped without unpacking */
    bytes file = {0};
    append_header(&file, 1, 1, 8, 0, 0);
    const char *chunks[] = {"iCCP", "zTXt"};
    for (int i = 0; i < 2; i++) {
        bytes chunk = {0};
        append(&chunk, "name\0\0", 6);
        append(&chunk, packed, packed_size);
        append_chunk(&file, chunks[i], chunk.data, chunk.size);
        free(chunk.data);
    }
    append_data(&file, "\0\x7B", 2);
    clock_t start = clock();
    assert_decodes(b, finish(file), 0, (const uint8_t[]){123}, 1);
    /* as picture data of 1 x 1: unpacked no further than the picture goes */
    file = (bytes){0};
    append_header(&file, 1, 1, 8, 0, 0);
    append_chunk(&file, "IDAT", packed, packed_size);
    file = finish(file);
    decode_and_drop(b, file);
    free(file.data);
    bytes bomb = make_bomb(zeros, size);
    const uint32_t sides[][2] = {{1, 1}, {1, 2}, {2, 1}, {9, 5}, {100, 100}};
    for (size_t i = 0; i < 2 * CAIRN_COUNT(sides); i++) {
        bytes big = {0};
        append_header(&big, sides[i / 2][0], sides[i / 2][1], 8, 0, i % 2);
        append_chunk(&big, "IDAT", bomb.data, bomb.size);
        big = finish(big);
        assert_fails(b, decode_and_drop(b, big), CAIRN_INPUT, "more pixels than its header says");
        free(big.data);
    }
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
    free(bomb.data);
    free(packed);
    free(zeros);
}

static void P10_not_pictures(void **state)
{
    bench *b = *state;
    static const struct {
        const char *bytes, *piece;
    } cases[] = {
        {"GIF89a and so on", "a GIF picture"},
        {"<html><body>404</body></html>", "an HTML page"},
        {"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer"},
        {"RIFF1234WEBPVP8 ", "WebP"},
        {"", "empty"},
        {"plain text", "not a JPEG or PNG"},
    };
    cairn_picture picture;
    const char *path = bench_path(b, "picture.jpg");
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        bench_put(path, cases[i].bytes, strlen(cases[i].bytes));
        assert_fails(b, cairn_picture_load(b->ctx, path, NULL, &picture), CAIRN_INPUT, cases[i].piece);
    }
    assert_fails(b, cairn_picture_load(b->ctx, b->folder, NULL, &picture), CAIRN_INPUT, "is a folder");
    const char *pipe = bench_path(b, "pipe"), *loop = bench_path(b, "loop");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_fails(b, cairn_picture_load(b->ctx, pipe, NULL, &picture), CAIRN_INPUT, "is a pipe");
    assert_int_equal(symlink("loop", loop), 0);
    assert_fails(b, cairn_picture_load(b->ctx, loop, NULL, &picture), CAIRN_INPUT,
                 "Too many levels of symbolic links");
    assert_fails(b, cairn_picture_load(b->ctx, bench_path(b, "none"), NULL, &picture), CAIRN_IO,
                 "No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(P1_every_prefix), TEST(survives_flips), TEST(P2_huge_headers), TEST(P4_many_scans),
        TEST(P6_damaged_jpeg), TEST(P7_damaged_png), TEST(P8_bombs),        TEST(P10_not_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
