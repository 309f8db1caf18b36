/* Decoding of pictures: what each kind of file becomes (rows P3, P5 and P9), WebP, EXIF. Files that are
 * broken are in test_picture_broken, golden ones in test_preprocess. */
#include "picture_files.h"

/* ---- JPEG and PNG ---- */

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
        TEST(P3_smallest),       TEST(P5_kinds_of_jpeg),      TEST(P5_cmyk),
        TEST(P9_kinds_of_png),   TEST(webp_is_read_or_named), TEST(turns_by_orientation),
        TEST(reads_orientation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
