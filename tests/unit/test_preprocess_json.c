/* Preprocessing as JSON: written, read from other origins, refused. */
#include "support.h"

#include "data/picture.h"

static void json_round_trip(void **state)
{
    bench *b = *state;
    cairn_preprocess p = {.resize = 28,
                          .crop = 0,
                          .pad = 2,
                          .pad_value = 7,
                          .channels = 1,
                          .exif = true,
                          .filter = CAIRN_BICUBIC,
                          .pass_order = CAIRN_PASS_PILLOW13,
                          .mean = {0.2860406f},
                          .std = {0.35302424f}};
    cairn_preprocess back = {0};
    char *text;
    assert_int_equal(cairn_preprocess_to_json(b->ctx, &p, &text), CAIRN_OK);
    assert_string_equal(text, "{\"resize\":28,\"resize_rule\":\"short-int\",\"filter\":\"bicubic\","
                              "\"pass_order\":\"pillow13\",\"crop\":null,\"crop_mode\":\"center\",\"pad\":2,"
                              "\"pad_value\":7,\"mean\":[0.2860406],\"std\":[0.35302424],\"channels\":\"L\","
                              "\"scale\":255,\"exif\":\"apply\"}");
    assert_int_equal(cairn_preprocess_from_json(b->ctx, text, &back), CAIRN_OK);
    assert_memory_equal(&p.mean, &back.mean, sizeof p.mean);
    assert_memory_equal(&p.std, &back.std, sizeof p.std);
    assert_int_equal(back.resize, 28);
    assert_int_equal(back.pad_value, 7);
    assert_true(back.exif && back.channels == 1 && back.filter == CAIRN_BICUBIC);
    assert_int_equal(back.pass_order, CAIRN_PASS_PILLOW13);
    /* overriding one key keeps the others */
    assert_int_equal(cairn_preprocess_from_json(b->ctx, "{\"resize\":null}", &back), CAIRN_OK);
    assert_int_equal(back.resize, 0);
    assert_int_equal(back.pad, 2);
    cairn_text_free(b->ctx, text);
}

/* The metadata of Caffe's GoogLeNet, and how the first version of Cairn said the same. */
static void json_of_other_origins(void **state)
{
    bench *b = *state;
    cairn_preprocess p = {0};
    assert_int_equal(
        cairn_preprocess_from_json(
            b->ctx,
            "{\"resize\": 256, \"resize_rule\": \"squash\", \"filter\": \"bilinear\", \"pass_order\": \"h\", "
            "\"crop\": 224, \"crop_mode\": \"center\", \"mean\": [104, 117, 123], \"std\": [1, 1, 1], "
            "\"channels\": \"BGR\", \"scale\": 1, \"exif\": \"ignore\"}",
            &p),
        CAIRN_OK);
    assert_true(p.resize == 256 && p.squash && p.crop == 224 && p.bgr && p.channels == 3 && !p.exif);
    assert_true(p.scale == 1 && p.mean[0] == 104 && p.mean[2] == 123 && p.std[2] == 1);
    char *text;
    assert_int_equal(cairn_preprocess_to_json(b->ctx, &p, &text), CAIRN_OK);
    assert_non_null(strstr(text, "\"resize_rule\":\"squash\""));
    assert_non_null(strstr(text, "\"channels\":\"BGR\",\"scale\":1,"));
    cairn_preprocess back = {0};
    assert_int_equal(cairn_preprocess_from_json(b->ctx, text, &back), CAIRN_OK);
    assert_memory_equal(&back, &p, sizeof p);
    cairn_text_free(b->ctx, text);
    assert_int_equal(cairn_preprocess_from_json(b->ctx, "{\"channels\":\"RGB\",\"scale\":127.5}", &p),
                     CAIRN_OK);
    assert_true(!p.bgr && p.scale == 127.5f && p.mean[0] == 104);
    cairn_preprocess first = {.std = {1}};
    assert_int_equal(cairn_preprocess_from_json(b->ctx,
                                                "{\"resize\":32,\"resize_rule\":\"short-int\","
                                                "\"squash\":true,\"channels\":\"L\"}",
                                                &first),
                     CAIRN_OK);
    assert_true(first.squash && first.channels == 1);
}

static void json_refuses(void **state)
{
    bench *b = *state;
    static const struct {
        const char *text, *piece;
    } cases[] = {
        {"{\"resise\":256}", "unknown key 'resise' (did you mean 'resize'?)"},
        {"{\"interpolation\":3}", "unknown key 'interpolation' (expected resize, "},
        {"{\"resize\":0}", "'resize': expected a side from 1 to 32768 or null, found 0"},
        {"{\"resize\":1.5}", "'resize'"},
        {"{\"crop\":99999999}", "'crop'"},
        {"{\"pad_value\":256}", "'pad_value'"},
        {"{\"filter\":\"lanczos\"}",
         "'filter': expected \"bilinear\", \"bicubic\" or \"nearest\", found \"lanczos\""},
        {"{\"filter\":[\"a\",\"\\u001b\\u00e4, and then more than eighty bytes, of which the first will do, "
         "whatever they are\"]}",
         "found [\"a\",\"\\u001B\\u00E4..."},
        {"{\"channels\":\"GBR\"}", "'channels'"},
        {"{\"mean\":[1]}", "'mean': expected 3 numbers, found [1]"},
        {"{\"std\":[1,1,0]}", "'std'"},
        {"{\"std\":[1,1,1e999]}", "JSON"},
        {"{\"scale\":0}", "'scale'"},
        {"{\"scale\":\"1\"}", "'scale'"},
        {"{\"resize_rule\":\"long\"}", "'resize_rule'"},
        {"{\"crop_mode\":\"border\"}", "'crop_mode'"},
        {"{\"squash\":1}", "'squash'"},
        {"{\"resize\":1,\"resize\":1}", "duplicate"},
        {"[]", "expected a JSON object"},
        {"", "JSON"},
        {"{\"resize\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "nested too deeply"},
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        cairn_preprocess p = {.resize = 5, .channels = 3, .std = {1, 1, 1}};
        assert_fails(b, cairn_preprocess_from_json(b->ctx, cases[i].text, &p), CAIRN_INPUT, cases[i].piece);
        assert_int_equal(p.resize, 5);
    }
    cairn_preprocess empty = {0};
    assert_fails(b, cairn_preprocess_from_json(b->ctx, "{\"resize\":5}", &empty), CAIRN_INPUT,
                 "'std' is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(json_round_trip),
        TEST(json_refuses),
        TEST(json_of_other_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
