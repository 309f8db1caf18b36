/* Augmentation: specifications, distributions of the draws, colours against hashes of what Pillow 13.0 and
 * torchvision 0.29 make of the same picture, numbers, mixing. */
#include "augment_pictures.h"

#include "base/real.h"
#include "base/sha256.h"
#include "data/augment/colour.h"
#include <math.h>

#define W 67
#define H 48

static void assert_hash(const cairn_picture *p, const char *what, const char *expected)
{
    char hash[CAIRN_SHA256_TEXT];
    cairn_sha256_hex(p->data, (size_t)p->h * (size_t)p->w * (size_t)p->c, hash);
    hash[16] = '\0';
    if (strcmp(hash, expected) != 0)
        fail_msg("%s: found %s, expected %s", what, hash, expected);
}

/* ---- specifications ---- */

static void specifications_have_one_form(void **state)
{
    bench *b = *state;
    static const char *const forms[][2] = {
        {"none", "none"},
        {"flip,rrc", "rrc=0.08:1,flip=0.5"},
        {"paper", "rrc=0.08:1,flip=0.5"},
        {"light", "rrc=0.35:1,flip=0.5"},
        {"strong", "rrc=0.08:1,flip=0.5,trivial,erase=0.1,mixup=0.2,cutmix=1"},
        {"jitter=0.4", "jitter=0.4:0.4:0.4:0"},
        {"jitter=0.1:0.2", "jitter=0.1:0.2:0.4:0"},
        {"jitter=0:0:0:0.5", "jitter=0:0:0:0.5"},
        {"window,lighting,flip=0.25", "window=256,flip=0.25,lighting=0.1"},
        {"scale=256:480", "scale=256:480"},
        {"pad=2", "pad=2"},
    };
    for (size_t i = 0; i < CAIRN_COUNT(forms); i++) {
        cairn_augment augment = parse(b, forms[i][0]), again;
        char *text;
        assert_int_equal(cairn_augment_print(b->ctx, &augment, &text), CAIRN_OK);
        assert_string_equal(text, forms[i][1]);
        again = parse(b, text);
        assert_memory_equal(&augment, &again, sizeof again);
        cairn_text_free(b->ctx, text);
    }
}

static void wrong_specifications_say_what_is_wrong(void **state)
{
    bench *b = *state;
    static const char *const wrong[][2] = {
        {"rcc", "unknown 'rcc' (did you mean 'rrc'?)"},
        {"", "unknown '' (expected none, light, paper, strong"},
        {"rrc,", "unknown ''"},
        {"none,flip", "unknown 'none'"},
        {"flip,flip", "flip is there twice"},
        {"rrc,pad", "rrc and pad (expected one of rrc, scale, window, pad)"},
        {"rrc=0.9:0.1", "rrc=LOW:HIGH (expected LOW to be no more than HIGH)"},
        {"rrc=0:1", "rrc=LOW:HIGH (expected numbers from 0.0001 to 1, found '0')"},
        {"flip=2", "flip=P (expected numbers from 0 to 1, found '2')"},
        {"flip=0.5:1", "flip=P (expected no more numbers, found '1')"},
        {"trivial=1", "trivial (expected no more numbers"},
        {"pad=1.5", "pad=N (expected whole numbers from 1 to 1024, found '1.5')"},
        {"pad=", "found ''"},
        {"hue=nan", "unknown 'hue'"},
        {"mixup=nan", "found 'nan'"},
    };
    for (size_t i = 0; i < CAIRN_COUNT(wrong); i++) {
        cairn_augment augment;
        assert_fails(b, cairn_augment_parse(b->ctx, wrong[i][0], &augment), CAIRN_USAGE, wrong[i][1]);
    }
    cairn_augment small = parse(b, "window=200"), lit = parse(b, "lighting");
    cairn_preprocess grey = {.channels = 1};
    assert_fails(b, cairn_augment_check(b->ctx, &small, &grey, 224, 224), CAIRN_USAGE,
                 "expected at least the network's 224x224, found 200");
    assert_fails(b, cairn_augment_check(b->ctx, &lit, &grey, 32, 32), CAIRN_USAGE, "pictures in colour");
}

/* ---- draws ---- */

#define DRAWS 200000
#define CELLS 16

/* Pearson's statistic of equally likely cells, against its value at p = 1e-4 for 15 degrees of freedom. */
static void assert_even(const int count[CELLS])
{
    double expected = (double)DRAWS / CELLS, statistic = 0;
    for (int i = 0; i < CELLS; i++)
        statistic += (count[i] - expected) * (count[i] - expected) / expected;
    if (statistic > 44.3)
        fail_msg("chi-square %f", statistic);
}

static void draws_follow_their_distributions(void **state)
{
    (void)state;
    int unit[CELLS] = {0}, below[CELLS] = {0}, normal[CELLS] = {0}, beta[CELLS] = {0};
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < DRAWS; i++) {
        cairn_draws d = cairn_draws_at(3, CAIRN_STREAM_USER, CAIRN_DRAW_MIX, i, 1);
        unit[(int)(cairn_draw_unit(&d) * CELLS)]++;
        uint32_t number = cairn_draw_below(&d, 3u << 30); /* one word in four is drawn again */
        assert_true(number < 3u << 30);
        below[(uint64_t)number * CELLS / (3u << 30)]++;
        double z = cairn_draw_normal(&d);
        normal[(int)(0.5 * erfc(-z / sqrt(2)) * CELLS) % CELLS]++;
        double lambda = cairn_draw_beta(&d, 1); /* uniform */
        beta[(int)(lambda * CELLS) % CELLS]++;
        lambda = cairn_draw_beta(&d, 0.2);
        assert_true(lambda >= 0 && lambda <= 1);
        sum += lambda;
        squares += (lambda - 0.5) * (lambda - 0.5);
    }
    assert_even(unit);
    assert_even(below);
    assert_even(normal);
    assert_even(beta);
    /* mean 1/2, variance 1 / (4 (2 alpha + 1)) */
    assert_true(fabs(sum / DRAWS - 0.5) < 0.005);
    assert_true(fabs(squares / DRAWS - 1 / 5.6) < 0.002);
}

static void exponential_is_exact_enough(void **state)
{
    (void)state;
    for (double x = -700; x <= 700; x += 0.37) {
        double expected = exp(x);
        assert_true(fabs(cairn_real_exp(x) - expected) <= 4e-15 * expected + 1e-300 * fabs(x));
    }
}

/* ---- colours and places, as Pillow ---- */

static void colours_are_those_of_pillow(void **state)
{
    bench *b = *state;
    cairn_picture p;
#define AS_PILLOW(call, expected)                                                                            \
    do {                                                                                                     \
        p = make_picture(b, H, W);                                                                           \
        call;                                                                                                \
        assert_hash(&p, #call, expected);                                                                    \
        cairn_picture_free(b->ctx, &p);                                                                      \
    } while (0)
    AS_PILLOW((void)0, "9c9e25ac60d6c4f6");
    AS_PILLOW(cairn_brighten(&p, 0.3f), "ca57347975e8782d");
    AS_PILLOW(cairn_brighten(&p, 1.7f), "5da89dfa08601a8e");
    AS_PILLOW(cairn_contrast(&p, 0.3f), "7af65942b1f5ac84");
    AS_PILLOW(cairn_contrast(&p, 1.7f), "f9cf1451a561a360");
    AS_PILLOW(cairn_saturate(&p, 0.3f), "6a2e1108135f94ab");
    AS_PILLOW(cairn_saturate(&p, 1.7f), "535ded33658618e9");
    AS_PILLOW(cairn_sharpen(b->ctx, &p, 0.3f), "eb834aee53c78dbc");
    AS_PILLOW(cairn_sharpen(b->ctx, &p, 1.7f), "412e38792cca004f");
    AS_PILLOW(cairn_turn_hue(&p, -0.5), "b139096d2d60163b");
    AS_PILLOW(cairn_turn_hue(&p, -0.1), "950ce55c5e123aa0");
    AS_PILLOW(cairn_turn_hue(&p, 0.1), "f422f7ba2e0bda74");
    AS_PILLOW(cairn_turn_hue(&p, 0.37), "18ed285c7137a0fb");
    AS_PILLOW(cairn_autocontrast(&p), "9c9e25ac60d6c4f6");
    AS_PILLOW(cairn_equalize(&p), "cf6667f0504aecfd");
    AS_PILLOW(cairn_posterize(&p, 2), "d8cc21cff7a12bb2");
    AS_PILLOW(cairn_posterize(&p, 5), "8383e75a00cf1e59");
    AS_PILLOW(cairn_solarize(&p, 0), "073b712aa0de20b3");
    AS_PILLOW(cairn_solarize(&p, 100), "b706a58388e0f116");
    AS_PILLOW(cairn_solarize(&p, 255), "5b05d8021d4502e2");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0.33, 0, 0, 1, 0}), "186574dc3563a544");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0, 0, 0.33, 1, 0}), "09ad6e2e168ecffd");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, -0.99, 0, 0, 1, 0}), "af98d070b14c1cf6");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0, 0, -0.99, 1, 0}), "7a5302da0920ab7d");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0, -7, 0, 1, 0}), "79a7e1d1056043ca");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0, 0, 0, 1, -7}), "5697cae4dc68408e");
    AS_PILLOW(cairn_affine(b->ctx, &p, (const double[6]){1, 0, 32, 0, 1, 0}), "c021f3da35c2dbac");
    AS_PILLOW(cairn_rotate(b->ctx, &p, 4.5), "47a0752bea8d2604");
    AS_PILLOW(cairn_rotate(b->ctx, &p, -67.5), "839367c9516baf70");
    AS_PILLOW(cairn_rotate(b->ctx, &p, 90), "64a86508d679594f");
    AS_PILLOW(cairn_rotate(b->ctx, &p, 135), "95a44818d703aba0");
    /* of few values, in the middle of the range */
#define FLAT                                                                                                 \
    for (size_t i = 0; i < 3 * H * W; i++)                                                                   \
        p.data[i] = (uint8_t)(p.data[i] / 3 + 40);
    AS_PILLOW(FLAT cairn_autocontrast(&p), "869bb8c378affdd7");
    AS_PILLOW(FLAT cairn_equalize(&p), "b0263b50f10134e4");
}

/* All operations and strengths come, and each time the same ones. */
static void trivial_augment_draws_everything(void **state)
{
    bench *b = *state;
    char hashes[400][CAIRN_SHA256_TEXT];
    int different = 0, same_as_before = 0;
    cairn_picture plain = make_picture(b, H, W);
    for (int64_t sample = 0; sample < 400; sample++) {
        cairn_augment_key key = {.seed = 1, .sample = sample};
        cairn_picture p = make_picture(b, H, W), again = make_picture(b, H, W);
        assert_int_equal(cairn_trivial_augment(b->ctx, &key, &p), CAIRN_OK);
        assert_int_equal(cairn_trivial_augment(b->ctx, &key, &again), CAIRN_OK);
        assert_same_picture(&p, &again);
        different += memcmp(p.data, plain.data, 3 * H * W) != 0;
        cairn_sha256_hex(p.data, 3 * H * W, hashes[sample]);
        for (int64_t i = 0; i < sample; i++)
            if (strcmp(hashes[i], hashes[sample]) == 0) {
                same_as_before++;
                break;
            }
        cairn_picture_free(b->ctx, &p);
        cairn_picture_free(b->ctx, &again);
    }
    assert_in_range(different, 280, 380); /* identity, autocontrast of this picture, strength 0 */
    assert_in_range(400 - same_as_before, 180, 340);
    cairn_picture_free(b->ctx, &plain);
}

/* ---- numbers ---- */

static void numbers_are_normalised(void **state)
{
    bench *b = *state;
    cairn_picture p = make_picture(b, H, W);
    static float numbers[3 * H * W], lit[3 * H * W];
    cairn_preprocess chain = {
        .channels = 3, .scale = 255, .mean = {0.1f, 0.2f, 0.3f}, .std = {0.5f, 0.25f, 0.125f}};
    cairn_augment none = {0}, lighting = parse(b, "lighting"), erase = parse(b, "erase=1");
    cairn_augment_key key = {.seed = 6, .sample = 3};
    cairn_augment_floats(&none, &chain, &key, &p, numbers);
    for (size_t i = 0; i < 3 * H * W; i++)
        assert_true(numbers[i] == ((float)p.data[i] / 255 - chain.mean[i % 3]) / chain.std[i % 3]);
    chain.bgr = true;
    cairn_augment_floats(&none, &chain, &key, &p, lit);
    for (size_t i = 0; i < 3 * H * W; i += 3)
        for (size_t c = 0; c < 3; c++)
            assert_true(lit[i + 2 - c] ==
                        ((float)p.data[i + c] / 255 - chain.mean[2 - c]) / chain.std[2 - c]);
    chain.bgr = false;
    /* the same colour is added everywhere, along the components */
    double squares = 0;
    for (int64_t sample = 0; sample < 400; sample++) {
        key.sample = sample;
        cairn_augment_floats(&lighting, &chain, &key, &p, lit);
        double shift[3], along = 0;
        for (size_t c = 0; c < 3; c++)
            shift[c] = ((double)lit[c] - (double)numbers[c]) * (double)chain.std[c];
        for (size_t i = 0; i < 3 * H * W; i++)
            assert_true(
                fabs(((double)lit[i] - (double)numbers[i]) * (double)chain.std[i % 3] - shift[i % 3]) < 1e-5);
        static const double first[3] = {-0.5675, -0.5808, -0.5836};
        for (int c = 0; c < 3; c++)
            along += first[c] * shift[c];
        squares += along * along;
    }
    assert_true(fabs(sqrt(squares / 400) - 0.1 * 0.2175) < 0.003);
    /* a rectangle of zeros */
    for (int64_t sample = 0; sample < 50; sample++) {
        key.sample = sample;
        cairn_augment_floats(&erase, &chain, &key, &p, lit);
        int top = H, left = W, bottom = -1, right = -1, erased = 0;
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const float *at = lit + 3 * (y * W + x);
                bool zero = at[0] == 0 && at[1] == 0 && at[2] == 0;
                assert_true(zero || memcmp(at, numbers + 3 * (y * W + x), 3 * sizeof *at) == 0);
                erased += zero;
                top = zero && y < top ? y : top;
                left = zero && x < left ? x : left;
                bottom = zero ? y : bottom;
                right = zero && x > right ? x : right;
            }
        assert_int_equal(erased, (bottom - top + 1) * (right - left + 1));
        assert_in_range(erased, (int)(0.015 * H * W), (int)(0.34 * H * W));
    }
    cairn_picture_free(b->ctx, &p);
}

/* ---- mixing ---- */

#define N 5
#define SIDE 12
#define CLASSES 4

static void batches_are_mixed(void **state)
{
    bench *b = *state;
    static float from[N * SIDE * SIDE], to[N * SIDE * SIDE], targets[N * CLASSES];
    int32_t labels[N] = {0, 3, 3, 1, 2};
    for (int i = 0; i < N * SIDE * SIDE; i++)
        from[i] = (float)(1 + i / (SIDE * SIDE));
    cairn_augment augment = parse(b, "mixup,cutmix");
    int cut = 0;
    for (int64_t step = 0; step < 400; step++) {
        cairn_augment_key key = {.seed = 8, .sample = step};
        cairn_mix mix = cairn_augment_mix(&augment, &key, SIDE, SIDE);
        cairn_mix_apply(&mix, N, SIDE, SIDE, 1, from, to);
        cairn_mix_targets(&mix, N, CLASSES, labels, targets);
        assert_true(mix.lambda >= 0 && mix.lambda <= 1);
        cut += mix.h > 0;
        for (int i = 0; i < N; i++) {
            float own = (float)(1 + i), other = (float)(1 + (i + N - 1) % N), sum = 0, share = 0;
            for (int k = 0; k < SIDE * SIDE; k++) {
                float value = to[i * SIDE * SIDE + k];
                bool inside = k / SIDE >= mix.top && k / SIDE < mix.top + mix.h && k % SIDE >= mix.left &&
                              k % SIDE < mix.left + mix.w;
                if (mix.h > 0)
                    assert_true(value == (inside ? other : own));
                else
                    assert_true(fabsf(value - (mix.lambda * own + (1 - mix.lambda) * other)) < 1e-5f);
                share += value == own;
            }
            if (mix.h > 0)
                assert_true(fabsf(share / (SIDE * SIDE) - mix.lambda) < 1e-6f);
            for (int k = 0; k < CLASSES; k++) {
                float expected = (float)(labels[i] == k) * mix.lambda +
                                 (float)(labels[(i + N - 1) % N] == k) * (1 - mix.lambda);
                assert_true(fabsf(targets[i * CLASSES + k] - expected) < 1e-6f);
                sum += targets[i * CLASSES + k];
            }
            assert_true(fabsf(sum - 1) < 1e-6f);
        }
    }
    assert_in_range(cut, 130, 230);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(specifications_have_one_form),     TEST(wrong_specifications_say_what_is_wrong),
        TEST(draws_follow_their_distributions), TEST(exponential_is_exact_enough),
        TEST(colours_are_those_of_pillow),      TEST(trivial_augment_draws_everything),
        TEST(numbers_are_normalised),           TEST(batches_are_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
