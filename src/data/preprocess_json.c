/* The chain from a picture to the network's input as JSON, which travels with the weights. */
#include "base/json.h"
#include "base/text.h"
#include <cairn/data.h>
#include <math.h>
#include <string.h>

#define MOST_SIDE 32768

/* Words in the order of their enumerations. */
static const char *const filters[] = {"bilinear", "bicubic", "nearest", NULL};
static const char *const pass_orders[] = {"h", "pillow13", NULL};
static const char *const resize_rules[] = {"short-int", "squash", NULL};
static const char *const crop_modes[] = {"center", "squash", NULL}; /* squash: as timm says it */
static const char *const channel_orders[] = {"L", "RGB", "BGR", NULL};
static const char *const exif_words[] = {"ignore", "apply", NULL};

/* ---- to JSON ---- */

static void add_floats(cairn_text *text, const char *key, const float *values, int count)
{
    cairn_text_format(text, ",\"%s\":[", key);
    for (int i = 0; i < count; i++) {
        char number[CAIRN_NUMBER_BYTES];
        cairn_number_print_float(number, values[i]);
        cairn_text_format(text, "%s%s", i > 0 ? "," : "", number);
    }
    cairn_text_add(text, "]");
}

/* Sides of 0 mean that the step is left out, which JSON says by null. */
static void add_side(cairn_text *text, const char *key, int side)
{
    if (side == 0)
        cairn_text_format(text, "\"%s\":null,", key);
    else
        cairn_text_format(text, "\"%s\":%d,", key, side);
}

cairn_status cairn_preprocess_to_json(cairn_ctx *ctx, const cairn_preprocess *preprocess, char **result)
{
    const cairn_preprocess *p = preprocess;
    cairn_text text = {.ctx = ctx};
    char scale[CAIRN_NUMBER_BYTES];
    cairn_text_add(&text, "{");
    add_side(&text, "resize", p->resize);
    cairn_text_format(&text, "\"resize_rule\":\"%s\",\"filter\":\"%s\",\"pass_order\":\"%s\",",
                      resize_rules[p->squash], filters[p->filter], pass_orders[p->pass_order]);
    add_side(&text, "crop", p->crop);
    cairn_text_format(&text, "\"crop_mode\":\"center\",\"pad\":%d,\"pad_value\":%d", p->pad, p->pad_value);
    int channels = p->channels == 1 ? 1 : 3;
    add_floats(&text, "mean", p->mean, channels);
    add_floats(&text, "std", p->std, channels);
    cairn_number_print_float(scale, p->scale == 0 ? 255 : p->scale);
    cairn_text_format(&text, ",\"channels\":\"%s\",\"scale\":%s,\"exif\":\"%s\"}",
                      channel_orders[channels == 1 ? 0 : 1 + p->bgr], scale, exif_words[p->exif]);
    *result = text.failed ? NULL : text.data;
    if (!text.failed)
        return CAIRN_OK;
    cairn_free(ctx, text.data);
    return CAIRN_MEMORY;
}

void cairn_text_free(cairn_ctx *ctx, char *text)
{
    cairn_free(ctx, text);
}

/* ---- from JSON ---- */

static bool read_integer(const json_t *json, int64_t least, int64_t most, int *value)
{
    if (!json_is_integer(json) || json_integer_value(json) < least || json_integer_value(json) > most)
        return false;
    *value = (int)json_integer_value(json);
    return true;
}

static bool read_side(const json_t *json, int *value)
{
    if (!json_is_null(json))
        return read_integer(json, 1, MOST_SIDE, value);
    *value = 0;
    return true;
}

/* One of several words; its place among them. */
static bool read_word(const json_t *json, const char *const *words, int *place)
{
    const char *word = json_string_value(json);
    for (*place = 0; word != NULL && words[*place] != NULL; ++*place)
        if (strcmp(word, words[*place]) == 0)
            return true;
    return false;
}

static bool read_bool(const json_t *json, bool *value)
{
    *value = json_is_true(json);
    return json_is_boolean(json);
}

static bool read_float(const json_t *json, bool positive, float *value)
{
    *value = (float)json_number_value(json);
    return json_is_number(json) && isfinite(*value) && (*value > 0 || !positive);
}

static bool read_floats(const json_t *json, int channels, bool positive, float *values)
{
    if (!json_is_array(json) || json_array_size(json) != (size_t)channels)
        return false;
    for (int i = 0; i < channels; i++)
        if (!read_float(json_array_get(json, (size_t)i), positive, &values[i]))
            return false;
    return true;
}

/* What is wrong with the value of `key`: a text to be told, or NULL. *known tells whether there is such a
 * key. */
static const char *read_word_key(const char *key, const json_t *json, cairn_preprocess *p, bool *known)
{
    int place;
    if (strcmp(key, "resize_rule") == 0) {
        if (!read_word(json, resize_rules, &place))
            return "\"short-int\" or \"squash\"";
        p->squash = place == 1;
    } else if (strcmp(key, "crop_mode") == 0) {
        if (!read_word(json, crop_modes, &place))
            return "\"center\" or \"squash\"";
        p->squash = p->squash || place == 1;
    } else if (strcmp(key, "filter") == 0) {
        if (!read_word(json, filters, &place))
            return "\"bilinear\", \"bicubic\" or \"nearest\"";
        p->filter = (cairn_filter)place;
    } else if (strcmp(key, "pass_order") == 0) {
        if (!read_word(json, pass_orders, &place))
            return "\"h\" or \"pillow13\"";
        p->pass_order = (cairn_pass_order)place;
    } else if (strcmp(key, "channels") == 0) {
        if (!read_word(json, channel_orders, &place))
            return "\"L\", \"RGB\" or \"BGR\"";
        p->channels = place == 0 ? 1 : 3;
        p->bgr = place == 2;
    } else if (strcmp(key, "exif") == 0) {
        if (!read_word(json, exif_words, &place))
            return "\"ignore\" or \"apply\"";
        p->exif = place == 1;
    } else {
        *known = false;
    }
    return NULL;
}

/* The same for all keys. */
static const char *read_key(const char *key, const json_t *json, cairn_preprocess *p, bool *known)
{
    int value = p->pad_value;
    bool one = p->channels == 1;
    *known = true;
    if (strcmp(key, "resize") == 0)
        return read_side(json, &p->resize) ? NULL : "a side from 1 to 32768 or null";
    if (strcmp(key, "crop") == 0)
        return read_side(json, &p->crop) ? NULL : "a side from 1 to 32768 or null";
    if (strcmp(key, "pad") == 0)
        return read_integer(json, 0, MOST_SIDE, &p->pad) ? NULL : "a number from 0 to 32768";
    if (strcmp(key, "mean") == 0)
        return read_floats(json, p->channels, false, p->mean) ? NULL : one ? "[number]" : "3 numbers";
    if (strcmp(key, "std") == 0)
        return read_floats(json, p->channels, true, p->std) ? NULL
               : one                                        ? "[number above 0]"
                                                            : "3 numbers above 0";
    if (strcmp(key, "scale") == 0)
        return read_float(json, true, &p->scale) ? NULL : "a number above 0";
    if (strcmp(key, "squash") == 0) /* how files of the first version say it */
        return read_bool(json, &p->squash) ? NULL : "true or false";
    if (strcmp(key, "pad_value") == 0) {
        bool ok = read_integer(json, 0, 255, &value);
        p->pad_value = (uint8_t)value;
        return ok ? NULL : "a number from 0 to 255";
    }
    return read_word_key(key, json, p, known);
}

static cairn_status fail_unknown(cairn_ctx *ctx, const char *key)
{
    static const char *const keys[] = {"resize",    "resize_rule", "filter",    "pass_order", "crop",
                                       "crop_mode", "pad",         "pad_value", "mean",       "std",
                                       "channels",  "scale",       "exif"};
    const char *nearest = cairn_nearest_name(key, keys, CAIRN_COUNT(keys));
    if (nearest != NULL)
        return cairn_fail(ctx, CAIRN_INPUT, "preprocess: unknown key '%.80s' (did you mean '%s'?)", key,
                          nearest);
    return cairn_fail(
        ctx, CAIRN_INPUT,
        "preprocess: unknown key '%.80s' (expected resize, resize_rule, filter, pass_order, crop, "
        "crop_mode, pad, pad_value, mean, std, channels, scale or exif)",
        key);
}

/* The value is told by as much of its beginning as fits; jansson writes piece by piece, only those that do.
 */
static cairn_status fail_value(cairn_ctx *ctx, const char *key, const char *expected, const json_t *value)
{
    char found[80] = "";
    size_t size = sizeof found - 1;
    bool whole = json_dumpb(value, found, size, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) <= size;
    return cairn_fail(ctx, CAIRN_INPUT, "preprocess: '%s': expected %s, found %s%s", key, expected, found,
                      whole ? "" : "...");
}

static cairn_status read_object(cairn_ctx *ctx, const json_t *root, cairn_preprocess *p)
{
    const char *key;
    json_t *value;
    bool known;
    if (!json_is_object(root))
        return cairn_fail(ctx, CAIRN_INPUT, "preprocess: expected a JSON object");
    const json_t *channels =
        json_object_get(root, "channels"); /* first: it tells how long mean and std are */
    if (channels != NULL)
        read_key("channels", channels, p, &known);
    if (p->channels != 1)
        p->channels = 3;
    json_object_foreach((json_t *)root, key, value)
    {
        const char *expected = read_key(key, value, p, &known);
        if (!known)
            return fail_unknown(ctx, key);
        if (expected != NULL)
            return fail_value(ctx, key, expected, value);
    }
    for (int i = 0; i < p->channels; i++)
        if (p->std[i] <= 0)
            return cairn_fail(ctx, CAIRN_INPUT, "preprocess: 'std' is missing or too short (expected %d)",
                              p->channels);
    return CAIRN_OK;
}

cairn_status cairn_preprocess_from_json(cairn_ctx *ctx, const char *text, cairn_preprocess *preprocess)
{
    json_t *root;
    cairn_preprocess read = *preprocess;
    cairn_status status =
        cairn_json_parse(ctx, "preprocess", text, strlen(text), CAIRN_JSON_SMALL_LIMITS, &root);
    if (status == CAIRN_OK)
        status = read_object(ctx, root, &read);
    json_decref(root);
    if (status == CAIRN_OK)
        *preprocess = read;
    return status;
}
