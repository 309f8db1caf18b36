/* Escapes, base64 and numbers for people. Floating point is printed by integers, so that no locale matters.
 */
#include "report/markup.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *cairn_number_fixed(char text[CAIRN_NUMBER_BYTES], double value, int decimals)
{
    int64_t unit = 1;
    for (int i = 0; i < decimals && i < 9; i++)
        unit *= 10;
    double scaled = fabs(value) * (double)unit;
    if (!(scaled < 1e18)) {
        snprintf(text, CAIRN_NUMBER_BYTES, "n/a");
        return text;
    }
    int64_t digits = llround(scaled);
    int length = snprintf(text, CAIRN_NUMBER_BYTES, "%s%lld", value < 0 && digits != 0 ? "-" : "",
                          (long long)(digits / unit));
    if (unit > 1) {
        /* A leading one keeps the zeros of the fraction; the point then takes its place. */
        snprintf(text + length, CAIRN_NUMBER_BYTES - (size_t)length, "%lld",
                 (long long)(unit + digits % unit));
        text[length] = '.';
    }
    return text;
}

static void trim_zeros(char *text)
{
    size_t length = strlen(text);
    if (!strchr(text, '.'))
        return;
    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[--length] = '\0';
}

const char *cairn_number_short(char text[CAIRN_NUMBER_BYTES], double value, int digits)
{
    if (value == 0 || !isfinite(value))
        return cairn_number_fixed(text, value, 0);
    int exponent = (int)floor(log10(fabs(value)));
    if (exponent < -5 || exponent > 5) {
        cairn_number_fixed(text, value / pow(10, exponent), digits - 1);
        trim_zeros(text);
        size_t length = strlen(text);
        snprintf(text + length, CAIRN_NUMBER_BYTES - length, "e%+03d", exponent);
        return text;
    }
    cairn_number_fixed(text, value, (int)cairn_max(0, digits - 1 - exponent));
    trim_zeros(text);
    return text;
}

const char *cairn_number_grouped(char text[CAIRN_NUMBER_BYTES], int64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value);
    char *out = text;
    for (int i = 0; i < length; i++) {
        int left = length - i;
        if (left % 3 == 0 && i > 0 && digits[i - 1] != '-')
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return text;
}

const char *cairn_number_memory(char text[CAIRN_NUMBER_BYTES], double bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < CAIRN_COUNT(units)) {
        bytes /= 1024;
        unit++;
    }
    cairn_number_fixed(text, bytes, 2);
    size_t length = strlen(text);
    snprintf(text + length, CAIRN_NUMBER_BYTES - length, " %s", units[unit]);
    return text;
}

size_t cairn_utf8_visible(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    bool control = byte[0] < 0x20 || byte[0] == 0x7F || (byte[0] == 0xC2 && byte[1] < 0xA0);
    bool noncharacter = byte[0] == 0xEF && byte[1] == 0xBF && byte[2] >= 0xBE;
    return control || noncharacter ? 0 : cairn_utf8_length(text, strnlen(text, 4));
}

size_t cairn_utf8_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

void cairn_markup_escape(cairn_text *out, const char *text)
{
    while (*text) {
        size_t length = cairn_utf8_visible(text);
        if (length == 0)
            cairn_text_add(out, *text == '\n' || *text == '\t' ? " " : "\xEF\xBF\xBD");
        else if (*text == '&')
            cairn_text_add(out, "&amp;");
        else if (*text == '<')
            cairn_text_add(out, "&lt;");
        else if (*text == '>')
            cairn_text_add(out, "&gt;");
        else if (*text == '"')
            cairn_text_add(out, "&quot;");
        else if (*text == '\'')
            cairn_text_add(out, "&#39;");
        else
            cairn_text_add_bytes(out, text, length);
        text += length ? length : 1;
    }
}

void cairn_markup_fixed(cairn_text *out, double value, int decimals)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_text_add(out, cairn_number_fixed(text, value, decimals));
}

void cairn_markup_base64(cairn_text *out, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                        (left > 2 ? from[i + 2] : 0u);
        char quad[4] = {digits[word >> 18], digits[word >> 12 & 63], left > 1 ? digits[word >> 6 & 63] : '=',
                        left > 2 ? digits[word & 63] : '='};
        cairn_text_add_bytes(out, quad, sizeof quad);
    }
}
