/* Text: UTF-8, numbers without the locale, edit distance, growing text. */
#include "base/text.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- UTF-8 ---- */

size_t cairn_utf8_length(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length;
    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        length = 1;
    else if (p[0] >= 0xC2 && p[0] < 0xE0)
        length = 2;
    else if (p[0] >= 0xE0 && p[0] < 0xF0)
        length = 3;
    else if (p[0] >= 0xF0 && p[0] < 0xF5)
        length = 4;
    else
        return 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
    bool beyond = p[0] == 0xF4 && p[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

size_t cairn_utf8_check(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t length = cairn_utf8_length(text + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

/* ---- numbers ---- */

/* The C library prints and reads floating point exactly, but by the thread's locale; these borrow the "C"
 * locale for one call. glibc and musl keep that one ready, so newlocale allocates nothing. */
static locale_t enter_c_locale(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c == (locale_t)0 ? (locale_t)0 : uselocale(c);
}

static void leave_c_locale(locale_t before)
{
    if (before == (locale_t)0)
        return;
    locale_t c = uselocale(before);
    if (c != before)
        freelocale(c);
}

/* Shortest of precisions `from` to `to` that reads back: as a float when digits end at 9. */
static void print_shortest(char text[CAIRN_NUMBER_BYTES], double value, int from, int to)
{
    if (!isfinite(value)) {
        memcpy(text, "null", 5);
        return;
    }
    locale_t before = enter_c_locale();
    for (double size = fabs(value); from < to && size >= 10 && size < 1e15; size /= 10)
        from++; /* 100, not 1e+02 */
    for (int digits = from; digits <= to; digits++) {
        snprintf(text, CAIRN_NUMBER_BYTES, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (to == 9 ? (float)back == (float)value : back == value)
            break;
    }
    leave_c_locale(before);
}

void cairn_number_print(char text[CAIRN_NUMBER_BYTES], double value)
{
    print_shortest(text, value, 1, 17);
}

void cairn_number_print_float(char text[CAIRN_NUMBER_BYTES], float value)
{
    print_shortest(text, (double)value, 1, 9);
}

bool cairn_number_parse(const char *text, double *value)
{
    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    char *end;
    locale_t before = enter_c_locale();
    double parsed = strtod(text, &end);
    leave_c_locale(before);
    if (*end != '\0' || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

bool cairn_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool cairn_names_are_numbers(const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        if (strcmp(names[i], number) != 0)
            return false;
    }
    return true;
}

/* ---- nearest name ---- */

#define NAME_LIMIT 64

/* Levenshtein distance; names longer than the limit are infinitely far. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_LIMIT + 1], n = strlen(b);
    if (n > NAME_LIMIT || strlen(a) > NAME_LIMIT)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j - 1] < row[j] ? row[j - 1] + 1 : row[j] + 1;
            row[j] = best < replace ? best : replace;
        }
    }
    return row[n];
}

/* Who typed so much knew how the name begins. */
#define BEGINNING 3

/* The shortest name that begins with what was typed, the first of several; NULL: none does. */
static const char *name_begun(const char *typed, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(typed);
    for (size_t i = 0; i < count && length >= BEGINNING; i++)
        if (strncmp(names[i], typed, length) == 0 && (best == NULL || strlen(names[i]) < strlen(best)))
            best = names[i];
    return best;
}

const char *cairn_nearest_name(const char *wrong, const char *const *names, size_t count)
{
    const char *best = name_begun(wrong, names, count);
    if (best != NULL)
        return best;
    size_t least = strlen(wrong) / 3 + 2; /* farther than that would be a guess */
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(wrong, names[i]);
        if (distance < least) {
            least = distance;
            best = names[i];
        }
    }
    return best;
}

/* ---- growing text ---- */

/* Makes room for `more` bytes and a NUL. */
static bool reserve(cairn_text *text, size_t more)
{
    size_t need;
    if (text->failed || !cairn_size_add(text->size, more, &need) || !cairn_size_add(need, 1, &need))
        text->failed = true;
    if (text->failed || need <= text->capacity)
        return !text->failed;
    size_t capacity = need < SIZE_MAX / 2 ? need * 2 : need;
    char *larger = cairn_resize(text->ctx, text->data, capacity, 1);
    if (larger == NULL) {
        text->failed = true;
        return false;
    }
    text->data = larger;
    text->capacity = capacity;
    return true;
}

void cairn_text_add_bytes(cairn_text *text, const void *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void cairn_text_add(cairn_text *text, const char *string)
{
    cairn_text_add_bytes(text, string, strlen(string));
}

void cairn_text_format(cairn_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length))
        text->size += (size_t)vsnprintf(text->data + text->size, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
}

void cairn_text_number(cairn_text *text, double value)
{
    char number[CAIRN_NUMBER_BYTES];
    cairn_number_print(number, value);
    cairn_text_add(text, number);
}

void cairn_text_json_string(cairn_text *text, const char *string)
{
    cairn_text_add(text, "\"");
    for (const char *p = string; *p != '\0';) {
        size_t plain =
            strcspn(p, "\"\\\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14"
                       "\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f");
        cairn_text_add_bytes(text, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        if (*p == '"' || *p == '\\')
            cairn_text_format(text, "\\%c", *p);
        else if (*p == '\n')
            cairn_text_add(text, "\\n");
        else if (*p == '\t')
            cairn_text_add(text, "\\t");
        else
            cairn_text_format(text, "\\u%04x", (unsigned)(unsigned char)*p);
        p++;
    }
    cairn_text_add(text, "\"");
}
