/* Decoding of pictures: rows P1 to P10 of malformed input, what each kind of file becomes, EXIF. The files
 * are made here with libjpeg and libpng; golden ones are in test_preprocess. */
#include "support.h"

#include "data/picture.h"
#include <jpeglib.h>
#include <png.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

/* ---- making JPEG ---- */

typedef struct jpeg_kind {
    J_COLOR_SPACE from, stored;
    bool progressive, arithmetic;
    unsigned restart;
    const uint8_t *app1;
    size_t app1_size;
} jpeg_kind;

static int components_of(J_COLOR_SPACE space)
{
    return space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
}

static bytes make_jpeg(jpeg_kind kind, unsigned w, unsigned h)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = w;
    jpeg.image_height = h;
    jpeg.input_components = components_of(kind.from);
    jpeg.in_color_space = kind.from;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind.stored);
    jpeg_set_quality(&jpeg, 90, TRUE);
    jpeg.arith_code = kind.arithmetic;
    jpeg.restart_interval = kind.restart;
    if (kind.progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind.app1 != NULL)
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, kind.app1, (unsigned)kind.app1_size);
    uint8_t row[4 * 256];
    for (unsigned y = 0; y < h; y++) {
        for (unsigned i = 0; i < w * (unsigned)jpeg.input_components; i++)
            row[i] = (uint8_t)(i * 5 + y * 3 + (i * y) % 7);
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (bytes){data, size};
}

/* Offset of the first marker 0xFF code, looking only at headers; the file must have it. */
static size_t find_marker(bytes file, uint8_t code)
{
    size_t at = 2;
    while (at + 4 <= file.size && file.data[at] == 0xFF && file.data[at + 1] != code)
        at += 2u + (size_t)(file.data[at + 2] << 8 | file.data[at + 3]);
    assert_true(at + 4 <= file.size && file.data[at + 1] == code);
    return at;
}

static void cut_segment(bytes *file, uint8_t code)
{
    size_t at = find_marker(*file, code),
           length = 2u + (size_t)(file->data[at + 2] << 8 | file->data[at + 3]);
    memmove(file->data + at, file->data + at + length, file->size - at - length);
    file->size -= length;
}

/* ---- making PNG ---- */

static void append(bytes *file, const void *data, size_t size)
{
    if (size == 0)
        return;
    file->data = realloc(file->data, file->size + size);
    assert_non_null(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void append_chunk(bytes *file, const char *type, const void *data, size_t size)
{
    uint8_t length[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    append(file, length, 4);
    append(file, type, 4);
    append(file, data, size);
    uLong crc = crc32(0, (const Bytef *)type, 4);
    if (size > 0) /* no data at all would begin anew */
        crc = crc32(crc, data, (uInt)size);
    uint8_t check[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    append(file, check, 4);
}

static void append_header(bytes *file, uint32_t w, uint32_t h, uint8_t depth, uint8_t type, uint8_t interlace)
{
    uint8_t header[13] = {(uint8_t)(w >> 24),
                          (uint8_t)(w >> 16),
                          (uint8_t)(w >> 8),
                          (uint8_t)w,
                          (uint8_t)(h >> 24),
                          (uint8_t)(h >> 16),
                          (uint8_t)(h >> 8),
                          (uint8_t)h,
                          depth,
                          type,
                          0,
                          0,
                          interlace};
    append(file, "\x89PNG\r\n\x1a\n", 8);
    append_chunk(file, "IHDR", header, sizeof header);
}

/* Rows with their filter bytes. */
static void append_data(bytes *file, const void *rows, size_t size)
{
    uLongf packed_size = compressBound(size);
    uint8_t *packed = malloc(packed_size);
    assert_int_equal(compress2(packed, &packed_size, rows, size, 9), Z_OK);
    append_chunk(file, "IDAT", packed, packed_size);
    free(packed);
}

static bytes finish(bytes file)
{
    append_chunk(&file, "IEND", NULL, 0);
    return file;
}

static bytes make_png(uint32_t w, uint32_t h, uint8_t depth, uint8_t type, const void *rows, size_t size)
{
    bytes file = {0};
    append_header(&file, w, h, depth, type, 0);
    append_data(&file, rows, size);
    return finish(file);
}

/* ---- decoding ---- */

static cairn_status decode(bench *b, bytes file, int channels, cairn_picture *picture)
{
    uint8_t *copy = malloc(file.size > 0 ? file.size : 1); /* its own block: the sanitizer sees its end */
    if (file.size > 0)
        memcpy(copy, file.data, file.size);
    cairn_decode_options options = {.channels = channels};
    cairn_status status = cairn_picture_decode(b->ctx, "test", copy, file.size, &options, picture);
    assert_true((status == CAIRN_OK) == (picture->data != NULL));
    free(copy);
    return status;
}

static cairn_status decode_and_drop(bench *b, bytes file)
{
    cairn_picture picture;
    cairn_status status = decode(b, file, 0, &picture);
    cairn_picture_free(b->ctx, &picture);
    return status;
}

static void assert_decodes(bench *b, bytes file, int channels, const uint8_t *expected, size_t size)
{
    cairn_picture picture;
    if (decode(b, file, channels, &picture) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    assert_int_equal((size_t)picture.h * (size_t)picture.w * (size_t)picture.c, size);
    assert_memory_equal(picture.data, expected, size);
    cairn_picture_free(b->ctx, &picture);
    free(file.data);
}

/* ---- the rows ---- */

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

static void P3_smallest(void **state)
{
    bench *b = *state;
    bytes jpeg = make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr}, 1, 1);
    assert_int_equal(decode_and_drop(b, jpeg), CAIRN_OK);
    memset(jpeg.data + find_marker(jpeg, 0xC0) + 5, 0, 4);
    assert_int_equal(decode_and_drop(b, jpeg), CAIRN_INPUT);
    free(jpeg.data);
    assert_decodes(b, make_png(1, 1, 8, 0, "\0\x7B", 2), 0, (const uint8_t[]){123}, 1);
    bytes empty = make_png(0, 0, 8, 0, "", 1);
    assert_int_equal(decode_and_drop(b, empty), CAIRN_INPUT);
    free(empty.data);
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

static void P5_kinds_of_jpeg(void **state)
{
    bench *b = *state;
    cairn_picture huffman, other;
    bytes plain = make_jpeg((jpeg_kind){.from = JCS_RGB, .stored = JCS_YCbCr}, 30, 20);
    assert_int_equal(decode(b, plain, 0, &huffman), CAIRN_OK);
    assert_int_equal(huffman.c, 3);
    const jpeg_kind same[] = {{.from = JCS_RGB, .stored = JCS_YCbCr, .arithmetic = true},
                              {.from = JCS_RGB, .stored = JCS_YCbCr, .progressive = true},
                              {.from = JCS_RGB, .stored = JCS_YCbCr, .restart = 1}};
    for (size_t i = 0; i < CAIRN_COUNT(same); i++) {
        bytes file = make_jpeg(same[i], 30, 20);
        assert_int_equal(decode(b, file, 0, &other), CAIRN_OK);
        assert_memory_equal(huffman.data, other.data, 30 * 20 * 3);
        cairn_picture_free(b->ctx, &other);
        free(file.data);
    }
    cairn_picture_free(b->ctx, &huffman);
    bytes grey = make_jpeg((jpeg_kind){.from = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE}, 5, 5);
    assert_int_equal(decode(b, grey, 0, &other), CAIRN_OK);
    assert_int_equal(other.c, 1);
    cairn_picture_free(b->ctx, &other);
    free(grey.data);
    size_t frame = find_marker(plain, 0xC0);
    plain.data[frame + 4] = 12;
    assert_fails(b, decode_and_drop(b, plain), CAIRN_INPUT, "precision 12");
    plain.data[frame + 4] = 8;
    plain.data[frame + 1] = 0xC3;
    assert_fails(b, decode_and_drop(b, plain), CAIRN_INPUT, "SOF type 0xc3");
    free(plain.data);
}

/* CMYK and YCCK with known inks, stored flat so that JPEG loses nothing: as Pillow, which inverts always. */
static void P5_cmyk(void **state)
{
    bench *b = *state;
    const J_COLOR_SPACE stored[] = {JCS_CMYK, JCS_YCCK};
    for (int i = 0; i < 2; i++) {
        bytes file = make_jpeg((jpeg_kind){.from = JCS_CMYK, .stored = stored[i]}, 1, 1);
        cairn_picture picture; /* the one pixel is 0, 5, 10, 15: ink 255, 250, 245, black 240 */
        assert_int_equal(decode(b, file, 0, &picture), CAIRN_OK);
        assert_int_equal(picture.c, 3);
        assert_true(picture.data[0] <= 1 && picture.data[1] <= 1 && picture.data[2] <= 2);
        cairn_picture_free(b->ctx, &picture);
        free(file.data);
    }
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

static void P9_kinds_of_png(void **state)
{
    bench *b = *state;
    /* palette: looked up, transparency dropped, an index outside refused */
    const uint8_t colours[] = {1, 2, 3, 40, 50, 60}, transparency[] = {0};
    for (int index = 1; index <= 2; index++) {
        bytes file = {0};
        append_header(&file, 3, 1, 2, 3, 0); /* 2 bits a pixel */
        append_chunk(&file, "PLTE", colours, sizeof colours);
        append_chunk(&file, "tRNS", transparency, sizeof transparency);
        const uint8_t row[] = {0, (uint8_t)(0 << 6 | index << 4 | 0 << 2)};
        append_data(&file, row, sizeof row);
        file = finish(file);
        if (index == 1) {
            assert_decodes(b, file, 0, (const uint8_t[]){1, 2, 3, 40, 50, 60, 1, 2, 3}, 9);
        } else {
            assert_fails(b, decode_and_drop(b, file), CAIRN_INPUT, "palette index out of range");
            free(file.data);
        }
    }
    assert_decodes(b, make_png(4, 1, 1, 0, "\0\xA0", 2), 0, (const uint8_t[]){255, 0, 255, 0}, 4);
    assert_decodes(b, make_png(2, 1, 4, 0, "\0\x1F", 2), 0, (const uint8_t[]){17, 255}, 2);
    assert_decodes(b, make_png(1, 1, 8, 6, "\0\x0A\x14\x1E\0", 5), 0, (const uint8_t[]){10, 20, 30}, 3);
    assert_decodes(b, make_png(1, 1, 8, 4, "\0\x0A\x80", 3), 3, (const uint8_t[]){10, 10, 10}, 3);
    assert_decodes(b, make_png(2, 1, 16, 0, "\0\x01\x80\xff\x7f", 5), 0, (const uint8_t[]){1, 255}, 2);
    assert_decodes(b, make_png(1, 1, 16, 2, "\0\x00\xff\x01\x80\x80\xff", 7), 0, (const uint8_t[]){0, 1, 128},
                   3);
    assert_decodes(b, make_png(1, 1, 8, 2, "\0\xFF\x00\x00", 4), 1, (const uint8_t[]){76}, 1);
    /* 2 x 2, interlaced, 16 bits: passes 1 (0,0), 6 (1,0) and 7 (row 1) */
    bytes file = {0};
    append_header(&file, 2, 2, 16, 0, 1);
    append_data(&file, "\0\x01\0\0\x02\0\0\x03\0\x04\0", 11);
    assert_decodes(b, finish(file), 0, (const uint8_t[]){1, 2, 3, 4}, 4);
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

/* ---- WebP ---- */

/* Both files hold red 3x+5y, green xy, blue xx+7y, one an alpha besides; every prefix is refused. */
static void webp_is_read_or_named(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"lossless", "alpha"};
    for (int i = 0; i < 2; i++) {
        char path[512];
        uint8_t *file;
        size_t size;
        cairn_picture p;
        snprintf(path, sizeof path, "%s/augment/%s.webp", CAIRN_TEST_DATA, names[i]);
        assert_int_equal(cairn_file_read(b->ctx, path, 4096, &file, &size), CAIRN_OK);
#if defined(CAIRN_WEBP)
        assert_int_equal(cairn_picture_decode(b->ctx, path, file, size, NULL, &p), CAIRN_OK);
        assert_true(p.h == 14 && p.w == 20 && p.c == 3);
        for (int k = 0; k < 14 * 20; k++) {
            int x = k % 20, y = k / 20;
            const uint8_t *rgb = p.data + (size_t)k * 3;
            assert_true(rgb[0] == (uint8_t)(3 * x + 5 * y) && rgb[1] == (uint8_t)(x * y) &&
                        rgb[2] == (uint8_t)(x * x + 7 * y));
        }
        cairn_picture_free(b->ctx, &p);
        for (size_t k = 12; k < size; k++)
            assert_fails(b, cairn_picture_decode(b->ctx, path, file, k, NULL, &p), CAIRN_INPUT, "WebP");
#else
        assert_fails(b, cairn_picture_decode(b->ctx, path, file, size, NULL, &p), CAIRN_INPUT,
                     "which this build does not read");
#endif
        cairn_free(b->ctx, file);
    }
}

/* ---- EXIF ---- */

static void turns_by_orientation(void **state)
{
    bench *b = *state;
    static const struct {
        int h, w;
        uint8_t pixels[6];
    } expected[] = {
        {2, 3, {0, 1, 2, 3, 4, 5}}, {2, 3, {2, 1, 0, 5, 4, 3}}, {2, 3, {5, 4, 3, 2, 1, 0}},
        {2, 3, {3, 4, 5, 0, 1, 2}}, {3, 2, {0, 3, 1, 4, 2, 5}}, {3, 2, {3, 0, 4, 1, 5, 2}},
        {3, 2, {5, 2, 4, 1, 3, 0}}, {3, 2, {2, 5, 1, 4, 0, 3}},
    };
    for (int orientation = 1; orientation <= 8; orientation++) {
        cairn_picture p;
        assert_int_equal(cairn_picture_make(b->ctx, "test", 2, 3, 1, 100, &p), CAIRN_OK);
        memcpy(p.data, expected[0].pixels, 6);
        assert_int_equal(cairn_picture_orient(b->ctx, orientation, &p), CAIRN_OK);
        assert_int_equal(p.h, expected[orientation - 1].h);
        assert_memory_equal(p.data, expected[orientation - 1].pixels, 6);
        cairn_picture_free(b->ctx, &p);
    }
}

static const uint8_t exif_little[] = {'E',  'x', 'i',  'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                                      2,    0,   0x10, 1,   2, 0, 1,   0,   0,  0, 0, 0, 0, 0,
                                      0x12, 1,   3,    0,   1, 0, 0,   0,   6,  0, 0, 0};
static const uint8_t exif_big[] = {'E', 'x', 'i', 'f',  0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                                   0,   1,   1,   0x12, 0, 3, 0,   0,   0, 1,  0, 3, 0, 0};

static void reads_orientation(void **state)
{
    bench *b = *state;
    assert_int_equal(cairn_exif_orientation(exif_little, sizeof exif_little), 6);
    assert_int_equal(cairn_exif_orientation(exif_big, sizeof exif_big), 3);
    assert_int_equal(cairn_exif_orientation((const uint8_t *)"http://ns.adobe.com/xap", 23), 0);
    for (size_t n = 0; n < sizeof exif_little; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        memcpy(copy, exif_little, n);
        int expected = n < 6 ? 0 : n < 38 ? 1 : 6; /* the value's two bytes are enough */
        assert_int_equal(cairn_exif_orientation(copy, n), expected);
        free(copy);
    }
    uint8_t wild[sizeof exif_little];
    memcpy(wild, exif_little, sizeof wild);
    wild[36] = 9;
    assert_int_equal(cairn_exif_orientation(wild, sizeof wild), 1);
    memset(wild + 10, 0xFF, 4); /* the directory lies far outside */
    assert_int_equal(cairn_exif_orientation(wild, sizeof wild), 1);
    /* through the decoder, only when asked for */
    bytes file = make_jpeg(
        (jpeg_kind){
            .from = JCS_RGB, .stored = JCS_YCbCr, .app1 = exif_little, .app1_size = sizeof exif_little},
        4, 2);
    cairn_picture p;
    assert_int_equal(cairn_picture_decode(b->ctx, "test", file.data, file.size, NULL, &p), CAIRN_OK);
    assert_int_equal(p.w, 4);
    cairn_picture_free(b->ctx, &p);
    cairn_decode_options apply = {.exif = true};
    assert_int_equal(cairn_picture_decode(b->ctx, "test", file.data, file.size, &apply, &p), CAIRN_OK);
    assert_int_equal(p.w, 2);
    cairn_picture_free(b->ctx, &p);
    free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(P1_every_prefix),
        TEST(survives_flips),
        TEST(P2_huge_headers),
        TEST(P3_smallest),
        TEST(P4_many_scans),
        TEST(P5_kinds_of_jpeg),
        TEST(P5_cmyk),
        TEST(P6_damaged_jpeg),
        TEST(P7_damaged_png),
        TEST(P8_bombs),
        TEST(P9_kinds_of_png),
        TEST(P10_not_pictures),
        TEST(webp_is_read_or_named),
        TEST(turns_by_orientation),
        TEST(reads_orientation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
