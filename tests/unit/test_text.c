/* Text helpers: UTF-8, numbers in any locale, nearest names, JSON in and out, SHA-256. */
#include "support.h"

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include <locale.h>
#include <math.h>

static void utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        {"plain", 5},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9},
        {"a\xFF", 1},
        {"\xC0\x80", 0},
        {"\xE0\x80\x80", 0},
        {"\xED\xA0\x80", 0},
        {"\xF4\x90\x80\x80", 0},
        {"ab\xE2\x82", 2},
        {"\x80", 0},
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++)
        assert_int_equal(cairn_utf8_check(cases[i].text, strlen(cases[i].text)), cases[i].valid);
}

static void prints(double value, const char *expected)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_number_print(text, value);
    assert_string_equal(text, expected);
}

static void numbers_round_trip(void)
{
    prints(0.1, "0.1");
    prints(1.0 / 3, "0.3333333333333333");
    prints(0, "0");
    prints(-2.5, "-2.5");
    prints(60000, "60000");
    prints(5e-324, "5e-324");
    prints(1.7976931348623157e308, "1.7976931348623157e+308");
    prints(NAN, "null");
    prints(-INFINITY, "null");
    char text[CAIRN_NUMBER_BYTES];
    cairn_number_print_float(text, 0.1f);
    assert_string_equal(text, "0.1");
    cairn_number_print_float(text, 16777216.0f);
    assert_string_equal(text, "16777216");
    uint64_t state = 1;
    for (int i = 0; i < 2000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double value = ldexp((double)(int64_t)state, (int)(state >> 58) - 90), back;
        cairn_number_print(text, value);
        assert_true(cairn_number_parse(text, &back));
        assert_true(back == value);
    }
}

static void numbers_know_no_locale(void **state)
{
    (void)state;
    static const char *const locales[] = {"C", "de_DE.UTF-8", "tr_TR.UTF-8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < CAIRN_COUNT(locales); i++)
        if (setlocale(LC_ALL, locales[i]) != NULL) /* "C" always is; the others where they are installed */
            numbers_round_trip();
    setlocale(LC_ALL, "C");
}

static void numbers_are_parsed_strictly(void **state)
{
    (void)state;
    double value;
    const char *bad[] = {"", " 1", "1 ", "1x", "0x10", "nan", "inf", "1e999", "1,5", "--1", "e5", ".", "1e"};
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++)
        assert_false(cairn_number_parse(bad[i], &value));
    assert_true(cairn_number_parse("-1.5e-3", &value));
    assert_true(value == -0.0015);
}

static void nearest_names(void **state)
{
    (void)state;
    const char *names[] = {"fashion-mnist", "mnist", "lenet5"};
    const char *begun[] = {"resnet50", "resnext50_32x4d", "resnext50"};
    assert_string_equal(cairn_nearest_name("resnext50", begun, 2), "resnext50_32x4d");
    assert_string_equal(cairn_nearest_name("resnext5", begun, 3), "resnext50");
    assert_string_equal(cairn_nearest_name("resnex50", begun, 2), "resnet50");
    assert_null(cairn_nearest_name("re", begun, 2));
    assert_string_equal(cairn_nearest_name("fashon-mnist", names, 3), "fashion-mnist");
    assert_string_equal(cairn_nearest_name("minst", names, 3), "mnist");
    assert_string_equal(cairn_nearest_name("lenet-5", names, 3), "lenet5");
    assert_null(cairn_nearest_name("imagenet", names, 3));
    char longest[500];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(cairn_nearest_name(longest, names, 3));
}

static void text_grows(void **state)
{
    bench *b = *state;
    cairn_text text = {.ctx = b->ctx};
    cairn_text_add_bytes(&text, NULL, 0);
    assert_string_equal(text.data, "");
    cairn_text_json_string(&text, "a\"b\\\n\t\x01\x7f\xC3\xA4");
    assert_string_equal(text.data, "\"a\\\"b\\\\\\n\\t\\u0001\\u007f\xC3\xA4\"");
    for (int i = 0; i < 1000; i++)
        cairn_text_format(&text, "%d,", i);
    cairn_text_number(&text, 0.25);
    assert_false(text.failed);
    assert_int_equal(text.size, strlen(text.data));
    assert_string_equal(text.data + text.size - 8, "999,0.25");
    cairn_free(b->ctx, text.data);
}

static cairn_status parse(bench *b, const char *text)
{
    json_t *root;
    cairn_status status =
        cairn_json_parse(b->ctx, "test", text, strlen(text), CAIRN_JSON_SMALL_LIMITS, &root);
    assert_true((status == CAIRN_OK) == (root != NULL));
    json_decref(root);
    return status;
}

static void names_that_are_numbers(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0", "1", "2"}, *const others[] = {"0", "2", "1"};
    assert_true(cairn_names_are_numbers(numbers, 3));
    assert_true(cairn_names_are_numbers(others, 1));
    assert_false(cairn_names_are_numbers(others, 3));
}

static void json_is_strict(void **state)
{
    bench *b = *state;
    assert_int_equal(parse(b, " {\"a\":[1,2.5,null,\"]]]]]]]]]]]]]]]]]]]\\\"\"]}\n"), CAIRN_OK);
    assert_fails(b, parse(b, "{\"a\":1,\"a\":2}"), CAIRN_INPUT, "duplicate");
    assert_fails(b, parse(b, "{\"a\":99999999999999999999}"), CAIRN_INPUT, "too big integer");
    assert_fails(b, parse(b, "\"\xFF\""), CAIRN_INPUT, "not UTF-8 at byte 1");
    assert_fails(b, parse(b, "{} x"), CAIRN_INPUT, "end of file expected");
    assert_fails(b, parse(b, "[01]"), CAIRN_INPUT, "JSON");
    char wide[50000];
    memset(wide, ',', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_fails(b, parse(b, wide), CAIRN_INPUT, "too many values (expected at most 20000)");
}

/* The examples of FIPS 180-4, in one piece and in pieces of every size. */
static void sha256(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char text[CAIRN_SHA256_TEXT];
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        cairn_sha256_hex(cases[i].text, strlen(cases[i].text), text);
        assert_string_equal(text, cases[i].digest);
    }
    static char million[1000000];
    memset(million, 'a', sizeof million);
    for (size_t piece = 1; piece < 200; piece += 7) {
        cairn_sha256 sha;
        uint8_t digest[CAIRN_SHA256_BYTES];
        cairn_sha256_begin(&sha);
        for (size_t at = 0; at < sizeof million; at += piece)
            cairn_sha256_add(&sha, million + at, at + piece < sizeof million ? piece : sizeof million - at);
        cairn_sha256_end(&sha, digest);
        cairn_sha256_text(digest, text);
        assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    char lengths[130]; /* every place of the end in a block, against pieces of one */
    memset(lengths, 'x', sizeof lengths);
    for (size_t n = 0; n < sizeof lengths; n++) {
        cairn_sha256 sha;
        uint8_t digest[CAIRN_SHA256_BYTES];
        char single[CAIRN_SHA256_TEXT];
        cairn_sha256_begin(&sha);
        for (size_t i = 0; i < n; i++)
            cairn_sha256_add(&sha, lengths + i, 1);
        cairn_sha256_end(&sha, digest);
        cairn_sha256_text(digest, single);
        cairn_sha256_hex(lengths, n, text);
        assert_string_equal(single, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(utf8),
        TEST(numbers_know_no_locale),
        TEST(numbers_are_parsed_strictly),
        TEST(nearest_names),
        TEST(text_grows),
        TEST(names_that_are_numbers),
        TEST(json_is_strict),
        TEST(sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
