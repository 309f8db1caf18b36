/* JSON from outside: a linear scan for size, UTF-8, depth and number of values, then jansson. */
#include "base/json.h"
#include "base/text.h"
#include <string.h>

/* Bounds what a parser would build, without recursion and without building anything. Whether the text is JSON
 * at all is left to jansson: a value too many cannot hide, because every value has a bracket, a comma or a
 * colon of its own in front, or is the first. */
static cairn_status scan(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                         cairn_json_limits limits)
{
    if (size > limits.bytes)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: JSON of %zu bytes (expected at most %zu)", name, size,
                          limits.bytes);
    size_t valid = cairn_utf8_check(text, size);
    if (valid < size)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: JSON: not UTF-8 at byte %zu (found 0x%02x)", name, valid,
                          (unsigned)(unsigned char)text[valid]);
    size_t depth = 0, values = 1;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > limits.depth)
                return cairn_fail(ctx, CAIRN_INPUT,
                                  "%s: JSON: nested too deeply at byte %zu (expected at most %zu)", name, i,
                                  limits.depth);
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',' || c == ':') {
            values++;
        }
        if (values > limits.values)
            return cairn_fail(ctx, CAIRN_INPUT, "%s: JSON: too many values (expected at most %zu)", name,
                              limits.values);
    }
    return CAIRN_OK;
}

cairn_status cairn_json_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                              cairn_json_limits limits, json_t **root)
{
    *root = NULL;
    cairn_status status = scan(ctx, name, text, size, limits);
    if (status != CAIRN_OK)
        return status;
    json_object_seed(
        1); /* a fixed seed, set once for the process: otherwise the first object opens a random device */
    json_error_t error;
    *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (*root != NULL)
        return CAIRN_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return cairn_fail_memory(ctx, size);
    return cairn_fail(ctx, CAIRN_INPUT, "%s: JSON: %s at byte %d", name, error.text, error.position);
}
