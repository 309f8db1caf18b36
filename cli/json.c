/* JSON on stdout, written as it comes: nothing is collected, nothing can run out of memory. */
#include "base/text.h"
#include "output.h"

static void put_text(const char *text)
{
    putchar('"');
    while (*text) {
        size_t length = cairn_cli_character(text);
        unsigned char byte = (unsigned char)*text;
        if (length == 1 && (byte == '"' || byte == '\\'))
            printf("\\%c", byte);
        else if (length)
            fwrite(text, 1, length, stdout);
        else if (byte < 0x80)
            printf("\\u%04x", byte);
        else
            fputs("\\ufffd", stdout);
        text += length ? length : 1;
    }
    putchar('"');
}

/* What stands before any value: a comma if needed, and its key. */
static void begin(cli_json *json, const char *key)
{
    if (json->depth > 0) {
        if (json->filled[json->depth - 1])
            fputs(", ", stdout);
        json->filled[json->depth - 1] = true;
    }
    if (key) {
        put_text(key);
        fputs(": ", stdout);
    }
}

void cairn_cli_json_open(cli_json *json, const char *key, char bracket)
{
    begin(json, key);
    putchar(bracket);
    json->filled[json->depth] = false;
    json->close[json->depth++] = bracket == '{' ? '}' : ']';
}

void cairn_cli_json_close(cli_json *json)
{
    putchar(json->close[--json->depth]);
    if (json->depth == 0)
        putchar('\n');
}

void cairn_cli_json_text(cli_json *json, const char *key, const char *text)
{
    begin(json, key);
    if (text)
        put_text(text);
    else
        fputs("null", stdout);
}

void cairn_cli_json_integer(cli_json *json, const char *key, int64_t value)
{
    begin(json, key);
    printf("%lld", (long long)value);
}

void cairn_cli_json_real(cli_json *json, const char *key, double value)
{
    char text[CAIRN_NUMBER_BYTES];
    begin(json, key);
    cairn_number_print(text, value);
    fputs(text, stdout);
}

void cairn_cli_json_float(cli_json *json, const char *key, float value)
{
    char text[CAIRN_NUMBER_BYTES];
    begin(json, key);
    cairn_number_print_float(text, value);
    fputs(text, stdout);
}
