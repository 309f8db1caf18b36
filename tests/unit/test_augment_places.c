/* Augmentation: geometry against cropping first and resizing then, and of JPEG in part. */
#include "augment_pictures.h"

#include <math.h>

/* ---- geometry ---- */

/* Cut out first, resized then: what the one-step way must give. */
static cairn_picture cut_and_resize(bench *b, const cairn_picture *from, int top, int left, int h, int w,
                                    int to_h, int to_w)
{
    cairn_picture part, to;
    assert_int_equal(cairn_picture_cut(b->ctx, from, top, left, h, w, 0, &part), CAIRN_OK);
    assert_int_equal(cairn_picture_resize(b->ctx, &part, to_h, to_w, CAIRN_BILINEAR, CAIRN_PASS_H, &to),
                     CAIRN_OK);
    cairn_picture_free(b->ctx, &part);
    return to;
}

static void resized_crop_is_crop_then_resize(void **state)
{
    bench *b = *state;
    cairn_picture from = make_picture(b, 150, 211);
    cairn_preprocess p = {.channels = 3};
    cairn_augment augment = parse(b, "rrc");
    double areas = 0;
    int tall = 0;
    for (int64_t sample = 0; sample < 4000; sample++) {
        cairn_augment_key key = {.seed = 5, .epoch = 2, .sample = sample};
        cairn_span rows, columns;
        assert_int_equal(cairn_augment_part(b->ctx, &augment, &key, from.h, from.w, 64, 64, &rows, &columns),
                         CAIRN_OK);
        double share = rows.length * columns.length / (150.0 * 211.0), ratio = columns.length / rows.length;
        assert_true(share > 0.075 && share < 1.01 && ratio > 0.72 && ratio < 1.38);
        assert_true(rows.start >= 0 && rows.start + rows.length <= 150);
        assert_true(columns.start >= 0 && columns.start + columns.length <= 211);
        areas += share;
        tall += ratio < 1;
        if (sample >= 300)
            continue;
        cairn_picture one, two = cut_and_resize(b, &from, (int)rows.start, (int)columns.start,
                                                (int)rows.length, (int)columns.length, 64, 64);
        assert_int_equal(cairn_augment_picture(b->ctx, &augment, &p, &key, &from, 64, 64, &one), CAIRN_OK);
        assert_same_picture(&one, &two);
        cairn_picture_free(b->ctx, &one);
        cairn_augment mirrored = augment;
        mirrored.flip = 1;
        cairn_picture_mirror(&two);
        assert_int_equal(cairn_augment_picture(b->ctx, &mirrored, &p, &key, &from, 64, 64, &one), CAIRN_OK);
        assert_same_picture(&one, &two);
        cairn_picture_free(b->ctx, &one);
        cairn_picture_free(b->ctx, &two);
    }
    /* torchvision 0.29, 20,000 draws: 0.417 and 0.408 */
    assert_true(fabs(areas / 4000 - 0.417) < 0.012 && fabs(tall / 4000.0 - 0.408) < 0.024);
    cairn_picture_free(b->ctx, &from);
}

static void crop_falls_back_to_the_middle(void **state)
{
    bench *b = *state;
    cairn_augment augment = parse(b, "rrc=0.9:1");
    cairn_augment_key key = {.seed = 1};
    cairn_span rows, columns;
    assert_int_equal(cairn_augment_part(b->ctx, &augment, &key, 10, 1000, 8, 8, &rows, &columns), CAIRN_OK);
    assert_true(rows.start == 0 && rows.length == 10 && columns.length == 13 && columns.start == 493);
    assert_int_equal(cairn_augment_part(b->ctx, &augment, &key, 1000, 10, 8, 8, &rows, &columns), CAIRN_OK);
    assert_true(columns.start == 0 && columns.length == 10 && rows.length == 13 && rows.start == 493);
}

/* A window of the picture scaled whole. */
static void windows_are_cut_of_the_scaled_picture(void **state)
{
    bench *b = *state;
    cairn_picture from = make_picture(b, 90, 133);
    cairn_preprocess p = {.channels = 3};
    static const char *const texts[] = {"scale=40:70", "window=50"};
    for (int64_t i = 0; i < 40; i++) {
        cairn_augment augment = parse(b, texts[i % 2]);
        cairn_augment_key key = {.seed = 9, .sample = i};
        cairn_span rows, columns;
        cairn_picture whole, window, found;
        assert_int_equal(cairn_augment_part(b->ctx, &augment, &key, 90, 133, 32, 36, &rows, &columns),
                         CAIRN_OK);
        assert_in_range(rows.to, i % 2 ? 50 : 40, i % 2 ? 50 : 70);
        assert_int_equal(columns.to, rows.to * 133 / 90);
        assert_int_equal(
            cairn_picture_resize(b->ctx, &from, rows.to, columns.to, CAIRN_BILINEAR, CAIRN_PASS_H, &whole),
            CAIRN_OK);
        assert_int_equal(cairn_picture_cut(b->ctx, &whole, rows.first, columns.first, 32, 36, 0, &window),
                         CAIRN_OK);
        assert_int_equal(cairn_augment_picture(b->ctx, &augment, &p, &key, &from, 32, 36, &found), CAIRN_OK);
        assert_same_picture(&found, &window);
        cairn_picture_free(b->ctx, &whole);
        cairn_picture_free(b->ctx, &window);
        cairn_picture_free(b->ctx, &found);
    }
    cairn_picture_free(b->ctx, &from);
}

/* Every one of 9 x 9 places is seen, mirrored and not, and what is outside is black. */
static void padding_moves_the_picture(void **state)
{
    bench *b = *state;
    cairn_picture from = make_picture(b, 32, 32);
    for (size_t i = 0; i < 32 * 32 * 3; i++)
        from.data[i] |= 1;
    cairn_preprocess p = {.channels = 3};
    cairn_augment augment = parse(b, "pad=4,flip");
    bool seen[2][9][9] = {0};
    for (int64_t sample = 0; sample < 3000; sample++) {
        cairn_augment_key key = {.seed = 2, .sample = sample};
        cairn_picture to;
        assert_int_equal(cairn_augment_picture(b->ctx, &augment, &p, &key, &from, 32, 32, &to), CAIRN_OK);
        bool found = false;
        for (int flip = 0; flip < 2 && !found; flip++, cairn_picture_mirror(&to))
            for (int top = -4; top <= 4 && !found; top++)
                for (int left = -4; left <= 4 && !found; left++) {
                    cairn_picture window;
                    assert_int_equal(cairn_picture_cut(b->ctx, &from, top, left, 32, 32, 0, &window),
                                     CAIRN_OK);
                    found = memcmp(window.data, to.data, 32 * 32 * 3) == 0;
                    seen[flip][top + 4][left + 4] |= found;
                    cairn_picture_free(b->ctx, &window);
                }
        assert_true(found);
        cairn_picture_free(b->ctx, &to);
    }
    for (int i = 0; i < 2 * 81; i++)
        assert_true(((bool *)seen)[i]);
    cairn_picture_free(b->ctx, &from);
}

/* ---- JPEG in part ---- */

/* At full size, reading a part gives the bytes of reading all. */
static void parts_of_jpeg_are_those_of_the_whole(void **state)
{
    bench *b = *state;
    static const char *const files[] = {"photo-420.jpg", "photo-444.jpg", "photo-grey.jpg",
                                        "photo-progressive.jpg"};
    for (size_t f = 0; f < CAIRN_COUNT(files); f++) {
        char path[512];
        snprintf(path, sizeof path, "%s/augment/%s", CAIRN_TEST_DATA, files[f]);
        uint8_t *bytes;
        size_t size;
        if (cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size) != CAIRN_OK)
            fail_msg("%s", cairn_error(b->ctx));
        cairn_decode_options options = {.channels = 3};
        cairn_preprocess p = {.channels = 3};
        cairn_augment augment = parse(b, "rrc,flip");
        cairn_picture whole;
        assert_int_equal(cairn_picture_decode(b->ctx, path, bytes, size, &options, &whole), CAIRN_OK);
        for (int64_t sample = 0; sample < 60; sample++) {
            cairn_augment_key key = {.seed = 4, .sample = sample};
            cairn_picture one, two;
            int side = sample % 2 ? 160 : 130; /* no part is twice as large */
            assert_int_equal(
                cairn_augment_decode(b->ctx, &augment, &p, &key, path, bytes, size, side, side, &one),
                CAIRN_OK);
            assert_int_equal(cairn_augment_picture(b->ctx, &augment, &p, &key, &whole, side, side, &two),
                             CAIRN_OK);
            assert_same_picture(&one, &two);
            cairn_picture_free(b->ctx, &one);
            cairn_picture_free(b->ctx, &two);
        }
        cairn_picture_free(b->ctx, &whole);
        cairn_free(b->ctx, bytes);
    }
}

/* Shrunk while it is decoded, a picture is nearly what it would have been. */
static void shrunk_jpeg_is_nearly_the_same(void **state)
{
    bench *b = *state;
    char path[512];
    snprintf(path, sizeof path, "%s/augment/photo-420.jpg", CAIRN_TEST_DATA);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
    cairn_preprocess p = {.channels = 3};
    cairn_augment augment = parse(b, "rrc=0.5:1");
    cairn_decode_options options = {.channels = 3};
    cairn_picture whole, one, two;
    assert_int_equal(cairn_picture_decode(b->ctx, path, bytes, size, &options, &whole), CAIRN_OK);
    int worse = 0;
    for (int64_t sample = 0; sample < 20; sample++) {
        cairn_augment_key key = {.seed = 4, .sample = sample};
        assert_int_equal(cairn_augment_decode(b->ctx, &augment, &p, &key, path, bytes, size, 24, 24, &one),
                         CAIRN_OK);
        assert_int_equal(cairn_augment_picture(b->ctx, &augment, &p, &key, &whole, 24, 24, &two), CAIRN_OK);
        double difference = 0;
        for (size_t i = 0; i < 24 * 24 * 3; i++)
            difference += abs(one.data[i] - two.data[i]);
        worse += difference > 0;
        assert_true(difference / (24 * 24 * 3) < 4);
        cairn_picture_free(b->ctx, &one);
        cairn_picture_free(b->ctx, &two);
    }
    assert_int_equal(worse, 20); /* it was shrunk indeed */
    /* a file that is cut short is found out, whatever part of it is wanted */
    cairn_augment_key key = {0};
    cairn_augment all = parse(b, "rrc");
    for (int64_t sample = 0; sample < 20; sample++) {
        key.sample = sample;
        assert_fails(
            b, cairn_augment_decode(b->ctx, &all, &p, &key, path, bytes, size - size / 16, 64, 64, &one),
            CAIRN_INPUT, "is cut short");
    }
    cairn_picture_free(b->ctx, &whole);
    cairn_free(b->ctx, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resized_crop_is_crop_then_resize),      TEST(crop_falls_back_to_the_middle),
        TEST(windows_are_cut_of_the_scaled_picture), TEST(padding_moves_the_picture),
        TEST(parts_of_jpeg_are_those_of_the_whole),  TEST(shrunk_jpeg_is_nearly_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
