/* From any picture to the network's bytes: channels, resize, centre crop, border. The chain travels with the
 * weights as JSON. */
#include "base/json.h"
#include "base/text.h"
#include "data/picture.h"
#include <math.h>
#include <string.h>

#define MOST_SIDE 32768

/* ---- applying ---- */

/* The size after resizing: short side to `resize` with the aspect kept and the long side truncated, or both
 * sides. */
static void resized_size(const cairn_preprocess *p, const cairn_picture *from, int64_t *h, int64_t *w)
{
    *h = from->h;
    *w = from->w;
    if (p->resize == 0)
        return;
    int64_t side = p->resize;
    if (p->squash) {
        *h = *w = side;
    } else if (from->w <= from->h) {
        *w = side;
        *h = (int64_t)((double)(side * from->h) / from->w);
    } else {
        *h = side;
        *w = (int64_t)((double)(side * from->w) / from->h);
    }
}

/* round((side - crop) / 2), halves to even; negative where the picture is smaller and zeros go around it:
 * then the smaller half of the zeros goes before. */
static int64_t crop_start(int64_t side, int64_t crop)
{
    int64_t rest = side - crop;
    if (rest < 0)
        return -((-rest) / 2);
    int64_t half = rest / 2;
    return rest % 2 != 0 && half % 2 != 0 ? half + 1 : half;
}

/* Where the window of h x w whose corner is at (top, left) of `from` lies outside of it, `value` is put. */
static cairn_status cut_window(cairn_ctx *ctx, const cairn_picture *from, int64_t top, int64_t left,
                               int64_t h, int64_t w, uint8_t value, cairn_picture *to)
{
    cairn_status status = cairn_picture_make(ctx, "cropped picture", h, w, from->c, CAIRN_MAX_PIXELS, to);
    if (status != CAIRN_OK)
        return status;
    size_t c = (size_t)from->c, row = (size_t)w * c;
    memset(to->data, value, (size_t)h * row);
    int64_t begin = cairn_max(left, 0), end = cairn_min(left + w, from->w);
    for (int64_t y = cairn_max(top, 0); y < cairn_min(top + h, from->h) && begin < end; y++)
        memcpy(to->data + (size_t)(y - top) * row + (size_t)(begin - left) * c,
               from->data + ((size_t)y * (size_t)from->w + (size_t)begin) * c, (size_t)(end - begin) * c);
    return CAIRN_OK;
}

static cairn_status crop(cairn_ctx *ctx, const cairn_preprocess *p, cairn_picture *picture)
{
    /* a picture that is taken as it is, is cropped only where it is larger */
    int64_t h = p->resize == 0 ? cairn_min(p->crop, picture->h) : p->crop;
    int64_t w = p->resize == 0 ? cairn_min(p->crop, picture->w) : p->crop;
    cairn_picture to;
    cairn_status status =
        cut_window(ctx, picture, crop_start(picture->h, h), crop_start(picture->w, w), h, w, 0, &to);
    if (status != CAIRN_OK)
        return status;
    cairn_picture_free(ctx, picture);
    *picture = to;
    return CAIRN_OK;
}

static cairn_status add_border(cairn_ctx *ctx, const cairn_preprocess *p, cairn_picture *picture)
{
    int64_t pad = p->pad;
    cairn_picture to;
    cairn_status status =
        cut_window(ctx, picture, -pad, -pad, picture->h + 2 * pad, picture->w + 2 * pad, p->pad_value, &to);
    if (status != CAIRN_OK)
        return status;
    cairn_picture_free(ctx, picture);
    *picture = to;
    return CAIRN_OK;
}

/* The first step, which also makes the copy that the others change. */
static cairn_status copy_with_channels(cairn_ctx *ctx, const cairn_picture *from, int channels,
                                       cairn_picture *to)
{
    cairn_status status = cut_window(ctx, from, 0, 0, from->h, from->w, 0, to);
    return status == CAIRN_OK ? cairn_picture_set_channels(ctx, channels, to) : status;
}

cairn_status cairn_preprocess_apply(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                    const cairn_picture *from, cairn_picture *to)
{
    const cairn_preprocess *p = preprocess;
    cairn_picture work = {0}, resized;
    int64_t h, w;
    *to = work;
    resized_size(p, from, &h, &w);
    if (h > INT32_MAX || w > INT32_MAX)
        return cairn_fail(ctx, CAIRN_INPUT, "picture: its aspect is too extreme to resize (%d x %d)", from->w,
                          from->h);
    cairn_status status = copy_with_channels(ctx, from, p->channels, &work);
    if (status == CAIRN_OK && (h != work.h || w != work.w)) {
        status = cairn_picture_resize(ctx, &work, (int)h, (int)w, p->filter, p->pass_order, &resized);
        if (status == CAIRN_OK) {
            cairn_picture_free(ctx, &work);
            work = resized;
        }
    }
    if (status == CAIRN_OK && p->crop > 0)
        status = crop(ctx, p, &work);
    if (status == CAIRN_OK && p->pad > 0)
        status = add_border(ctx, p, &work);
    if (status == CAIRN_OK)
        *to = work;
    else
        cairn_picture_free(ctx, &work);
    return status;
}

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
    cairn_text_add(&text, "{");
    add_side(&text, "resize", p->resize);
    cairn_text_format(&text,
                      "\"resize_rule\":\"short-int\",\"squash\":%s,\"filter\":\"%s\",\"pass_order\":\"%s\",",
                      p->squash ? "true" : "false", p->filter == CAIRN_BICUBIC ? "bicubic" : "bilinear",
                      p->pass_order == CAIRN_PASS_PILLOW13 ? "pillow13" : "h");
    add_side(&text, "crop", p->crop);
    cairn_text_format(&text, "\"crop_mode\":\"center\",\"pad\":%d,\"pad_value\":%d", p->pad, p->pad_value);
    int channels = p->channels == 1 ? 1 : 3;
    add_floats(&text, "mean", p->mean, channels);
    add_floats(&text, "std", p->std, channels);
    cairn_text_format(&text, ",\"channels\":\"%s\",\"scale\":255,\"exif\":\"%s\"}",
                      channels == 1 ? "L" : "RGB", p->exif ? "apply" : "ignore");
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

/* One of two words; *second tells which. */
static bool read_word(const json_t *json, const char *first_word, const char *second_word, bool *second)
{
    const char *word = json_string_value(json);
    if (word == NULL || (strcmp(word, first_word) != 0 && strcmp(word, second_word) != 0))
        return false;
    *second = strcmp(word, second_word) == 0;
    return true;
}

static bool read_floats(const json_t *json, int channels, bool positive, float *values)
{
    if (!json_is_array(json) || json_array_size(json) != (size_t)channels)
        return false;
    for (int i = 0; i < channels; i++) {
        const json_t *number = json_array_get(json, (size_t)i);
        float value = (float)json_number_value(number);
        if (!json_is_number(number) || !isfinite(value) || (positive && value <= 0))
            return false;
        values[i] = value;
    }
    return true;
}

/* Reads the value of one key. *known tells whether there is such a key, the result whether the value makes
 * sense. */
static bool read_key(const char *key, const json_t *json, cairn_preprocess *p, bool *known)
{
    bool second = false, ok = true;
    int value = 0;
    *known = true;
    if (strcmp(key, "resize") == 0)
        return read_side(json, &p->resize);
    if (strcmp(key, "crop") == 0)
        return read_side(json, &p->crop);
    if (strcmp(key, "pad") == 0)
        return read_integer(json, 0, MOST_SIDE, &p->pad);
    if (strcmp(key, "mean") == 0)
        return read_floats(json, p->channels, false, p->mean);
    if (strcmp(key, "std") == 0)
        return read_floats(json, p->channels, true, p->std);
    if (strcmp(key, "scale") == 0)
        return read_integer(json, 255, 255, &value);
    if (strcmp(key, "resize_rule") == 0)
        return read_word(json, "short-int", "short-int", &second);
    if (strcmp(key, "crop_mode") == 0)
        return read_word(json, "center", "center", &second);
    if (strcmp(key, "squash") == 0) {
        ok = json_is_boolean(json);
        p->squash = json_is_true(json);
    } else if (strcmp(key, "pad_value") == 0) {
        ok = read_integer(json, 0, 255, &value);
        p->pad_value = (uint8_t)value;
    } else if (strcmp(key, "filter") == 0) {
        ok = read_word(json, "bilinear", "bicubic", &second);
        p->filter = second ? CAIRN_BICUBIC : CAIRN_BILINEAR;
    } else if (strcmp(key, "pass_order") == 0) {
        ok = read_word(json, "h", "pillow13", &second);
        p->pass_order = second ? CAIRN_PASS_PILLOW13 : CAIRN_PASS_H;
    } else if (strcmp(key, "channels") == 0) {
        ok = read_word(json, "L", "RGB", &second);
        p->channels = second ? 3 : 1;
    } else if (strcmp(key, "exif") == 0) {
        ok = read_word(json, "ignore", "apply", &p->exif);
    } else {
        *known = false;
    }
    return ok;
}

static cairn_status read_object(cairn_ctx *ctx, const json_t *root, cairn_preprocess *p)
{
    const char *key;
    json_t *value;
    bool known;
    if (!json_is_object(root))
        return cairn_fail(ctx, CAIRN_INPUT, "preprocess: not a JSON object");
    const json_t *channels =
        json_object_get(root, "channels"); /* first: it tells how long mean and std are */
    if (channels != NULL)
        read_key("channels", channels, p, &known);
    if (p->channels != 1)
        p->channels = 3;
    json_object_foreach((json_t *)root, key, value)
    {
        bool ok = read_key(key, value, p, &known);
        if (!known)
            return cairn_fail(ctx, CAIRN_INPUT, "preprocess: unknown key '%s'", key);
        if (!ok)
            return cairn_fail(ctx, CAIRN_INPUT, "preprocess: '%s': the value makes no sense", key);
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
