/* Preprocessing bit for bit: golden hashes of whole chains, the worked examples of the resampling rule,
 * crops, borders, numbers, several views. */
#include "support.h"

#include "base/json.h"
#include "base/sha256.h"
#include "data/picture.h"
#include <cairn/models.h>
#include <cairn/plan.h>
#include <math.h>

#define GOLDEN CAIRN_TEST_DATA "/preprocess/"

static void assert_sha256(const cairn_picture *p, const char *expected)
{
    char text[CAIRN_SHA256_TEXT];
    cairn_sha256_hex(p->data, (size_t)p->h * (size_t)p->w * (size_t)p->c, text);
    text[strlen(expected)] = '\0'; /* the expected may be a beginning */
    assert_string_equal(text, expected);
}

/* ---- golden files ---- */

static cairn_preprocess chain_of(bench *b, const json_t *pipeline)
{
    cairn_preprocess p = {.channels = 3, .std = {1, 1, 1}};
    char *text = json_dumps(pipeline, 0);
    assert_int_equal(cairn_preprocess_from_json(b->ctx, text, &p), CAIRN_OK);
    free(text);
    return p;
}

static void golden_pictures(void **state)
{
    bench *b = *state;
    json_error_t error;
    json_t *golden = json_load_file(GOLDEN "expected.json", 0, &error);
    assert_non_null(golden);
    json_t *pipelines = json_object_get(golden, "pipelines"), *image;
    size_t index, compared = 0;
    json_array_foreach(json_object_get(golden, "images"), index, image)
    {
        char path[512];
        snprintf(path, sizeof path, GOLDEN "%s", json_string_value(json_object_get(image, "file")));
        cairn_decode_options options = {.channels = 3, .exif = json_is_true(json_object_get(image, "exif"))};
        cairn_picture decoded, cropped;
        assert_int_equal(cairn_picture_load(b->ctx, path, &options, &decoded), CAIRN_OK);
        assert_sha256(&decoded, json_string_value(json_object_get(image, "decoded")));
        const char *name;
        json_t *expected;
        json_object_foreach(json_object_get(image, "expected"), name, expected)
        {
            cairn_preprocess p = chain_of(b, json_object_get(pipelines, name));
            assert_int_equal(cairn_preprocess_apply(b->ctx, &p, &decoded, &cropped), CAIRN_OK);
            assert_int_equal(cropped.h, p.crop);
            assert_sha256(&cropped, json_string_value(expected));
            cairn_picture_free(b->ctx, &cropped);
            compared++;
        }
        cairn_picture_free(b->ctx, &decoded);
    }
    assert_int_equal(compared, 15 * 8);
    json_decref(golden);
}

/* ---- worked examples ---- */

static void assert_row(bench *b, const uint8_t *from, int in, cairn_filter filter, const uint8_t *expected,
                       int out)
{
    cairn_picture row = {.h = 1, .w = in, .c = 1, .data = (uint8_t *)from},
                  column = {.h = in, .w = 1, .c = 1, .data = row.data};
    cairn_picture to;
    assert_int_equal(cairn_picture_resize(b->ctx, &row, 1, out, filter, CAIRN_PASS_H, &to), CAIRN_OK);
    assert_memory_equal(to.data, expected, (size_t)out);
    cairn_picture_free(b->ctx, &to);
    assert_int_equal(cairn_picture_resize(b->ctx, &column, out, 1, filter, CAIRN_PASS_H, &to), CAIRN_OK);
    assert_memory_equal(to.data, expected, (size_t)out);
    cairn_picture_free(b->ctx, &to);
}

static void example_A_one_row(void **state)
{
    bench *b = *state;
    const uint8_t row[] = {10, 20, 200, 250, 30}, peak[] = {0, 255, 0};
    assert_row(b, row, 5, CAIRN_BILINEAR, (const uint8_t[]){14, 171, 124}, 3);
    assert_row(b, row, 5, CAIRN_BICUBIC, (const uint8_t[]){7, 181, 128}, 3);
    assert_row(b, peak, 3, CAIRN_BILINEAR, (const uint8_t[]){0, 102, 255, 102, 0}, 5);
    assert_row(b, peak, 3, CAIRN_BICUBIC, (const uint8_t[]){0, 101, 255, 101, 0}, 5);
}

static void example_B_pass_order(void **state)
{
    bench *b = *state;
    uint8_t data[] = {211, 21, 242, 36, 87, 70, 216, 88, 140};
    const uint8_t expected[] = {108, 128, 126, 104};
    cairn_picture from = {.h = 3, .w = 3, .c = 1, .data = data}, to;
    const cairn_pass_order orders[] = {CAIRN_PASS_H, CAIRN_PASS_PILLOW13};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cairn_picture_resize(b->ctx, &from, 2, 2, CAIRN_BILINEAR, orders[i], &to), CAIRN_OK);
        assert_memory_equal(to.data, expected, 4);
        cairn_picture_free(b->ctx, &to);
    }
    /* four rows of it to two: now Pillow 13 begins with the vertical pass */
    uint8_t tall[7 * 3];
    for (int i = 0; i < 21; i++)
        tall[i] = (uint8_t)(i * i * 37 + 11);
    cairn_picture high = {.h = 7, .w = 3, .c = 1, .data = tall}, other;
    assert_int_equal(cairn_picture_resize(b->ctx, &high, 2, 2, CAIRN_BICUBIC, CAIRN_PASS_H, &to), CAIRN_OK);
    assert_int_equal(cairn_picture_resize(b->ctx, &high, 2, 2, CAIRN_BICUBIC, CAIRN_PASS_PILLOW13, &other),
                     CAIRN_OK);
    assert_memory_not_equal(to.data, other.data, 4);
    cairn_picture_free(b->ctx, &to);
    cairn_picture_free(b->ctx, &other);
}

static cairn_picture example_picture(bench *b)
{
    cairn_picture p;
    assert_int_equal(cairn_picture_make(b->ctx, "example", 375, 500, 3, CAIRN_MAX_PIXELS, &p), CAIRN_OK);
    uint8_t *out = p.data;
    for (int y = 0; y < 375; y++)
        for (int x = 0; x < 500; x++) {
            *out++ = (uint8_t)(3 * x + 5 * y);
            *out++ = (uint8_t)(x * y);
            *out++ = (uint8_t)(x * x + 7 * y);
        }
    assert_sha256(&p, "aada056b03f62ae7");
    return p;
}

static void example_C_whole_chain(void **state)
{
    bench *b = *state;
    static const struct {
        cairn_filter filter;
        int resize;
        uint8_t first[3];
        long sum;
        const char *sha;
    } cases[] = {
        {CAIRN_BILINEAR, 256, {118, 161, 178}, 19098834, "9d137c82bed89728"},
        {CAIRN_BILINEAR, 232, {239, 171, 127}, 19112321, "f3d4a0361394f0d0"},
        {CAIRN_BILINEAR, 235, {35, 143, 178}, 19119563, "91e0f342c465139b"},
        {CAIRN_BICUBIC, 256, {118, 168, 189}, 19099093, "8d706b8bbf2d7b4d"},
        {CAIRN_BICUBIC, 232, {239, 185, 127}, 19111238, "c92999f23a4c2d32"},
        {CAIRN_BICUBIC, 235, {25, 149, 194}, 19118122, "bcae2c4683340d23"},
    };
    cairn_picture from = example_picture(b), to;
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        cairn_preprocess p = {
            .resize = cases[i].resize, .crop = 224, .filter = cases[i].filter, .channels = 3};
        assert_int_equal(cairn_preprocess_apply(b->ctx, &p, &from, &to), CAIRN_OK);
        long sum = 0;
        for (int j = 0; j < 224 * 224 * 3; j++)
            sum += to.data[j];
        assert_memory_equal(to.data, cases[i].first, 3);
        assert_int_equal(sum, cases[i].sum);
        assert_sha256(&to, cases[i].sha);
        cairn_picture_free(b->ctx, &to);
    }
    cairn_picture_free(b->ctx, &from);
}

/* ---- crops and borders ---- */

static void crops_round_half_to_even(void **state)
{
    bench *b = *state;
    uint8_t data[121];
    for (int i = 0; i < 121; i++)
        data[i] = (uint8_t)i;
    const struct {
        int w, crop, first;
    } cases[] = {{117, 0, 0}, {117, 1, 58}, {119, 2, 58}, {121, 2, 60}, {120, 2, 59}, {5, 2, 2}, {7, 2, 2}};
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        /* as it is: the height of 1 is not padded up to the crop */
        cairn_picture from = {.h = 1, .w = cases[i].w, .c = 1, .data = data}, to;
        cairn_preprocess p = {.crop = cases[i].crop, .channels = 1};
        assert_int_equal(cairn_preprocess_apply(b->ctx, &p, &from, &to), CAIRN_OK);
        assert_int_equal(to.h, 1);
        assert_int_equal(to.data[0], cases[i].first);
        cairn_picture_free(b->ctx, &to);
    }
}

static void pads_small_pictures_and_borders(void **state)
{
    bench *b = *state;
    uint8_t data[] = {1, 2, 3, 4, 5, 6};
    cairn_picture from = {.h = 2, .w = 3, .c = 1, .data = data}, to;
    cairn_preprocess border = {.pad = 1, .pad_value = 9, .channels = 1};
    assert_int_equal(cairn_preprocess_apply(b->ctx, &border, &from, &to), CAIRN_OK);
    const uint8_t bordered[] = {9, 9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9, 9, 9, 9, 9};
    assert_int_equal(to.h * to.w, 20);
    assert_memory_equal(to.data, bordered, 20);
    cairn_picture_free(b->ctx, &to);
    /* short side kept at 2, cropped to 5: the smaller half of the zeros before */
    cairn_preprocess larger = {.resize = 2, .crop = 5, .channels = 1};
    assert_int_equal(cairn_preprocess_apply(b->ctx, &larger, &from, &to), CAIRN_OK);
    const uint8_t padded[] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(to.data, padded, 25);
    cairn_picture_free(b->ctx, &to);
}

static void squashes_and_converts(void **state)
{
    bench *b = *state;
    uint8_t data[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};
    cairn_picture from = {.h = 2, .w = 2, .c = 3, .data = data}, to;
    cairn_preprocess grey = {.channels = 1};
    assert_int_equal(cairn_preprocess_apply(b->ctx, &grey, &from, &to), CAIRN_OK);
    const uint8_t luma[] = {76, 150, 29, 18}; /* Pillow's convert("L") */
    assert_memory_equal(to.data, luma, 4);
    cairn_picture_free(b->ctx, &to);
    from = (cairn_picture){.h = 1, .w = 12, .c = 1, .data = data};
    cairn_preprocess squash = {.resize = 4, .squash = true, .channels = 3};
    assert_int_equal(cairn_preprocess_apply(b->ctx, &squash, &from, &to), CAIRN_OK);
    assert_int_equal(to.h, 4);
    assert_int_equal(to.w, 4);
    assert_int_equal(to.c, 3);
    cairn_picture_free(b->ctx, &to);
    /* an aspect that no memory could hold */
    cairn_preprocess extreme = {.resize = 32768, .channels = 1};
    assert_fails(b, cairn_preprocess_apply(b->ctx, &extreme, &from, &to), CAIRN_INPUT, "too many pixels");
}

static void any_picture_comes_to_the_networks_size(void **state)
{
    bench *b = *state;
    uint8_t pixels[40 * 30 * 3] = {0};
    cairn_picture picture = {.h = 30, .w = 40, .c = 3, .data = pixels};
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        cairn_picture input = {0};
        if (model->preprocess == NULL)
            continue;
        assert_int_equal(cairn_preprocess_apply(b->ctx, model->preprocess, &picture, &input), CAIRN_OK);
        if (input.h != model->h || input.w != model->w)
            fail_msg("%s takes %dx%d and is given %dx%d", model->name, model->h, model->w, input.h, input.w);
        cairn_picture_free(b->ctx, &input);
    }
}

static void channels_in_the_network_s_order(void **state)
{
    bench *b = *state;
    uint8_t data[] = {1, 2, 3, 4, 5, 6};
    const uint8_t turned[] = {3, 2, 1, 6, 5, 4};
    cairn_picture from = {.h = 1, .w = 2, .c = 3, .data = data}, to;
    cairn_preprocess p = {.channels = 3, .bgr = true};
    assert_int_equal(cairn_preprocess_apply(b->ctx, &p, &from, &to), CAIRN_OK);
    assert_memory_equal(to.data, turned, 6);
    assert_int_equal(data[0], 1);
    cairn_picture_free(b->ctx, &to);
}

/* The network's numbers at two pixels of one golden crop, by the three conventions of Keras. */
static void numbers_of_the_three_conventions(void **state)
{
    bench *b = *state;
    static const struct {
        float scale;
        bool bgr;
        float mean[3], std[3];
        double expected[2][3];
    } modes[] = {
        {1,
         true,
         {103.939f, 116.779f, 123.68f},
         {1, 1, 1},
         {{7.061, -11.779, -25.68}, {-8.939, 48.221, 111.32}}},
        {127.5f,
         false,
         {1, 1, 1},
         {1, 1, 1},
         {{-0.231372549, -0.176470588, -0.129411765}, {0.843137255, 0.294117647, -0.254901961}}},
        {0,
         false,
         {0.485f, 0.456f, 0.406f},
         {0.229f, 0.224f, 0.225f},
         {{-0.439678055, -0.197478992, 0.130196078}, {1.90641322, 0.852941176, -0.148671024}}},
    };
    cairn_picture decoded, crop;
    cairn_decode_options options = {.channels = 3};
    assert_int_equal(cairn_picture_load(b->ctx, GOLDEN "rgb_317x243.png", &options, &decoded), CAIRN_OK);
    for (size_t i = 0; i < CAIRN_COUNT(modes); i++) {
        cairn_preprocess p = {.resize = 224, .squash = true, .channels = 3, .filter = CAIRN_NEAREST};
        p.bgr = modes[i].bgr;
        assert_int_equal(cairn_preprocess_apply(b->ctx, &p, &decoded, &crop), CAIRN_OK);
        cairn_graph *graph;
        cairn_plan *plan;
        cairn_weights *weights;
        assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
        cairn_output(graph, cairn_image_bytes(graph, 1, 1, 3, modes[i].scale, modes[i].mean, modes[i].std),
                     "y");
        assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
        assert_int_equal(
            cairn_plan_create(b->ctx, graph, weights, NULL, &(cairn_plan_options){.batch = 2}, &plan),
            CAIRN_OK);
        uint8_t *image = cairn_plan_data(plan, "image");
        memcpy(image, crop.data + (74 * 224 + 74) * 3, 3);
        memcpy(image + 3, crop.data + (74 * 224 + 138) * 3, 3);
        assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
        const float *y = cairn_plan_data(plan, "y");
        for (int k = 0; k < 6; k++) {
            double expected = modes[i].expected[k / 3][k % 3];
            assert_true(fabs((double)y[k] - expected) <= 1e-6 * fmax(1, fabs(expected)) * 8);
        }
        cairn_plan_destroy(plan);
        cairn_weights_destroy(weights);
        cairn_graph_destroy(graph);
        cairn_picture_free(b->ctx, &crop);
    }
    cairn_picture_free(b->ctx, &decoded);
}

/* ---- several views ---- */

static void mirrors(void **state)
{
    (void)state;
    uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    const uint8_t mirrored[] = {7, 8, 9, 4, 5, 6, 1, 2, 3, 16, 17, 18, 13, 14, 15, 10, 11, 12};
    cairn_picture p = {.h = 2, .w = 3, .c = 3, .data = data};
    cairn_picture_mirror(&p);
    assert_memory_equal(data, mirrored, sizeof data);
}

static void ten_crops_in_order(void **state)
{
    bench *b = *state;
    uint8_t data[4 * 6]; /* value: row * 10 + column; the centre square has the columns 1 to 4 */
    for (int i = 0; i < 24; i++)
        data[i] = (uint8_t)(i / 6 * 10 + i % 6);
    cairn_picture from = {.h = 4, .w = 6, .c = 1, .data = data}, to[CAIRN_TEN_CROPS];
    cairn_preprocess p = {.resize = 4, .crop = 3, .channels = 1};
    assert_int_equal(cairn_preprocess_ten_crops(b->ctx, &p, &from, 3, 3, to), CAIRN_OK);
    /* top left pixel of each: tl, tr, bl, br, centre at round(0.5) = 0; then of the mirrored square */
    const int corner[10] = {1, 2, 11, 12, 1, 4, 3, 14, 13, 4};
    for (int i = 0; i < 10; i++) {
        int step = i < 5 ? 1 : -1;
        assert_true(to[i].h == 3 && to[i].w == 3 && to[i].c == 1);
        for (int k = 0; k < 9; k++)
            assert_int_equal(to[i].data[k], corner[i] + k / 3 * 10 + k % 3 * step);
        cairn_picture_free(b->ctx, &to[i]);
    }
    /* a side that is smaller than the crop has zeros around it */
    assert_int_equal(cairn_preprocess_ten_crops(b->ctx, &p, &from, 5, 5, to), CAIRN_OK);
    assert_int_equal(to[0].data[4 * 5], 0);
    for (int i = 0; i < 10; i++) {
        assert_true(to[i].h == 5 && to[i].w == 5);
        cairn_picture_free(b->ctx, &to[i]);
    }
}

static void whole_pictures_at_a_scale(void **state)
{
    bench *b = *state;
    cairn_picture from = example_picture(b), to; /* 375 x 500 */
    cairn_preprocess p = {.resize = 256, .squash = true, .crop = 224, .channels = 3};
    assert_int_equal(cairn_preprocess_whole(b->ctx, &p, &from, 96, &to), CAIRN_OK);
    assert_true(to.h == 96 && to.w == 128 && to.c == 3);
    cairn_picture_free(b->ctx, &to);
    cairn_picture_free(b->ctx, &from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(golden_pictures),
        TEST(example_A_one_row),
        TEST(example_B_pass_order),
        TEST(example_C_whole_chain),
        TEST(crops_round_half_to_even),
        TEST(pads_small_pictures_and_borders),
        TEST(squashes_and_converts),
        TEST(any_picture_comes_to_the_networks_size),
        TEST(channels_in_the_network_s_order),
        TEST(numbers_of_the_three_conventions),
        TEST(mirrors),
        TEST(ten_crops_in_order),
        TEST(whole_pictures_at_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
