/* Text for people: names from outside made harmless, columns, paragraphs, numbers. The program never sets
 * a locale, so printf writes numbers the same everywhere. */
#include "base/text.h"
#include "output.h"
#include <math.h>
#include <string.h>

size_t cairn_cli_character(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    bool control = p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0); /* C0, DEL, C1 */
    return control ? 0 : cairn_utf8_length(text, strnlen(text, 4));
}

char *cairn_cli_escape(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    while (*text) {
        size_t length = cairn_cli_character(text);
        size_t needed = length ? length : 4;
        if (used + needed + 1 > size)
            break;
        if (length)
            memcpy(buffer + used, text, length);
        else
            snprintf(buffer + used, 5, "\\x%02x", (unsigned char)*text);
        used += needed;
        text += length ? length : 1;
    }
    buffer[used] = '\0';
    return buffer;
}

const char *cairn_cli_brief(const char *name, char buffer[CLI_NAME_BYTES])
{
    size_t length = strlen(name), end = 60;
    if (length < CLI_NAME_BYTES) {
        memcpy(buffer, name, length + 1);
        return buffer;
    }
    size_t begin = CLI_NAME_BYTES - 1 - end - 3;
    memcpy(buffer, name, begin);
    memcpy(buffer + begin, "...", 3);
    memcpy(buffer + begin + 3, name + length - end, end + 1);
    return buffer;
}

int cairn_cli_columns(const char *text)
{
    int columns = 0;
    while (*text) {
        size_t length = cairn_cli_character(text);
        columns += length ? 1 : 4;
        text += length ? length : 1;
    }
    return columns;
}

void cairn_cli_put(FILE *file, const char *text, int columns)
{
    int width = columns < 0 ? -columns : columns, needed = cairn_cli_columns(text), used = 0;
    if (columns < 0 && needed < width)
        used = fprintf(file, "%*s", width - needed, "");
    while (*text) {
        size_t length = cairn_cli_character(text);
        if (used + (length ? 1 : 4) > width)
            break;
        if (length)
            fwrite(text, 1, length, file);
        else
            fprintf(file, "\\x%02x", (unsigned char)*text);
        used += length ? 1 : 4;
        text += length ? length : 1;
    }
    fprintf(file, "%*s", width - used, "");
}

char *cairn_cli_bar(double share, int columns, char buffer[CLI_BAR_BYTES])
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int filled = (int)(share * columns * 8), used = 0;
    for (int i = 0; i < filled / 8; i++)
        used += snprintf(buffer + used, CLI_BAR_BYTES - (size_t)used, "█");
    snprintf(buffer + used, CLI_BAR_BYTES - (size_t)used, "%s%*s", eighths[filled % 8],
             columns - filled / 8 - (filled % 8 > 0), "");
    return buffer;
}

void cairn_cli_wrap(FILE *file, const char *text, int indent, int width)
{
    while (*text) {
        const char *paragraph_end = strstr(text, "\n\n");
        if (!paragraph_end)
            paragraph_end = text + strlen(text);
        int column = 0;
        while (text < paragraph_end) {
            size_t word = strcspn(text, " \n");
            if (word > (size_t)(paragraph_end - text))
                word = (size_t)(paragraph_end - text);
            int columns = 0;
            for (size_t i = 0; i < word; i++)
                columns += (text[i] & 0xC0) != 0x80;
            if (word > 0 && column > 0 && column + 1 + columns > width - indent) {
                fputc('\n', file);
                column = 0;
            }
            if (word > 0) {
                fprintf(file, "%*s", column == 0 ? indent : 1, "");
                fwrite(text, 1, word, file);
                column += columns + (column > 0);
            }
            text += word;
            text += text < paragraph_end;
        }
        fputc('\n', file);
        text = paragraph_end + strspn(paragraph_end, "\n");
        if (*text)
            fputc('\n', file);
    }
}

char *cairn_cli_count(int64_t value, char buffer[CLI_NUMBER_BYTES])
{
    char digits[CLI_NUMBER_BYTES];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = '\0';
    return buffer;
}

/* Three significant digits and a unit, each `base` times the one before. */
static char *scaled(double value, double base, const char *const *units, int count, char *buffer)
{
    int unit = 0;
    while (unit + 1 < count && fabs(value) >= 0.9995 * base) {
        value /= base;
        unit++;
    }
    int decimals = unit == 0 || fabs(value) >= 99.95 ? 0 : fabs(value) >= 9.995 ? 1 : 2;
    snprintf(buffer, CLI_NUMBER_BYTES, "%.*f%s", decimals, value, units[unit]);
    return buffer;
}

char *cairn_cli_short(double value, char buffer[CLI_NUMBER_BYTES])
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    return scaled(value, 1000, units, 5, buffer);
}

char *cairn_cli_bytes(double value, char buffer[CLI_NUMBER_BYTES])
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    return scaled(value, 1024, units, 5, buffer);
}
