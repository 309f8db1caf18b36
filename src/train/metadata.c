/* The cairn.* metadata keys of weights files. */
#include "train/metadata.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define MAX_CLASSES 1000000
#define MAX_SIDE 65535
#define MAX_CHANNELS 4 /* what cairn_preprocess has a mean for */

/* ---- writing ---- */

static cairn_status set_text(cairn_weights *weights, const char *key, cairn_text *text)
{
    cairn_status status = text->failed ? CAIRN_MEMORY : cairn_weights_set_meta(weights, key, text->data);
    cairn_free(text->ctx, text->data);
    *text = (cairn_text){.ctx = text->ctx};
    return status;
}

/* The switches that differ from the network's defaults, as a JSON object; numbers as numbers. */
static void print_switches(cairn_text *text, const cairn_model *model, const cairn_model_settings *settings)
{
    cairn_text_add(text, "{");
    for (const cairn_switch *s = model->switches; s != NULL && s->key != NULL; s++) {
        size_t length;
        const char *value = cairn_switch_value(model, settings, s->key, &length);
        char chosen[64];
        double number;
        snprintf(chosen, sizeof chosen, "%.*s", (int)length, value);
        if (strncmp(s->values, chosen, length) == 0 && strcspn(s->values, "|") == length)
            continue;
        cairn_text_add(text, text->size > 1 ? "," : "");
        cairn_text_json_string(text, s->key);
        cairn_text_add(text, ":");
        if (cairn_number_parse(chosen, &number))
            cairn_text_number(text, number);
        else
            cairn_text_json_string(text, chosen);
    }
    cairn_text_add(text, "}");
}

static void print_labels(cairn_text *text, const char *const *labels, int classes)
{
    for (int i = 0; i < classes; i++) {
        cairn_text_add(text, i == 0 ? "[" : ",");
        cairn_text_json_string(text, labels[i]);
    }
    cairn_text_add(text, "]");
}

cairn_status cairn_metadata_describe(cairn_ctx *ctx, cairn_weights *weights, const cairn_model *model,
                                     const cairn_model_settings *settings, const cairn_preprocess *preprocess,
                                     const char *const *labels)
{
    cairn_text text = {.ctx = ctx};
    char *chain = NULL;
    cairn_status status = cairn_weights_set_meta(weights, "cairn.arch", model->name);
    print_switches(&text, model, settings);
    if (status == CAIRN_OK)
        status = set_text(weights, "cairn.set", &text);
    cairn_text_format(&text, "%d", settings->classes);
    if (status == CAIRN_OK)
        status = set_text(weights, "cairn.num_classes", &text);
    cairn_text_format(&text, "[%d,%d,%d]", settings->c, settings->h, settings->w);
    if (status == CAIRN_OK)
        status = set_text(weights, "cairn.input_size", &text);
    if (status == CAIRN_OK)
        status = cairn_preprocess_to_json(ctx, preprocess, &chain);
    if (status == CAIRN_OK)
        status = cairn_weights_set_meta(weights, "cairn.preprocess", chain);
    cairn_text_free(ctx, chain);
    if (labels != NULL)
        print_labels(&text, labels, settings->classes);
    if (status == CAIRN_OK && labels != NULL)
        status = set_text(weights, "cairn.labels", &text);
    cairn_free(ctx, text.data);
    return status;
}

/* ---- reading ---- */

static cairn_status fail_key(cairn_ctx *ctx, const char *path, const char *key, const char *expected)
{
    return cairn_fail(ctx, CAIRN_INPUT, "%s: metadata '%s': expected %s", path, key, expected);
}

/* The JSON value of a key; *root NULL when the file does not have it. */
static cairn_status parse_key(cairn_ctx *ctx, const char *path, const cairn_weights *weights, const char *key,
                              json_t **root)
{
    *root = NULL;
    const char *text = cairn_weights_meta(weights, key);
    if (text == NULL)
        return CAIRN_OK;
    char name[CAIRN_ERROR_BYTES];
    snprintf(name, sizeof name, "%s: metadata '%s'", path, key);
    return cairn_json_parse(ctx, name, text, strlen(text), CAIRN_JSON_HEADER_LIMITS, root);
}

/* Adds "key=value" to a list of switches; false when the value cannot be one. */
static bool add_switch(cairn_text *list, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    char number[CAIRN_NUMBER_BYTES];
    if (json_is_number(value)) {
        cairn_number_print(number, json_number_value(value));
        text = number;
    } else if (json_is_boolean(value)) {
        text = json_is_true(value) ? "on" : "off";
    }
    if (text == NULL || strchr(text, ',') != NULL || key[strcspn(key, ",=")] != '\0')
        return false;
    cairn_text_format(list, "%s%s=%s", list->size > 0 ? "," : "", key, text);
    return true;
}

cairn_status cairn_metadata_switches(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                     char **set)
{
    *set = NULL;
    json_t *root, *value;
    cairn_status status = parse_key(ctx, path, weights, "cairn.set", &root);
    if (status != CAIRN_OK)
        return status;
    cairn_text list = {.ctx = ctx};
    cairn_text_add(&list, "");
    const char *key;
    if (root != NULL && !json_is_object(root))
        status = fail_key(ctx, path, "cairn.set", "an object");
    json_object_foreach(root, key, value)
    {
        if (!add_switch(&list, key, value))
            status = fail_key(ctx, path, "cairn.set", "texts, numbers or booleans as values");
    }
    json_decref(root);
    if (status == CAIRN_OK && list.failed)
        status = CAIRN_MEMORY;
    if (status == CAIRN_OK)
        *set = list.data;
    else
        cairn_free(ctx, list.data);
    return status;
}

static bool read_size(const json_t *array, size_t i, int most, int *size)
{
    const json_t *value = json_array_get(array, i);
    if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > most)
        return false;
    *size = (int)json_integer_value(value);
    return true;
}

cairn_status cairn_metadata_sizes(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                  cairn_model_settings *settings)
{
    json_t *size, *classes;
    cairn_status status = parse_key(ctx, path, weights, "cairn.input_size", &size);
    if (status != CAIRN_OK)
        return status;
    if (size != NULL &&
        (json_array_size(size) != 3 || !read_size(size, 0, MAX_CHANNELS, &settings->c) ||
         !read_size(size, 1, MAX_SIDE, &settings->h) || !read_size(size, 2, MAX_SIDE, &settings->w)))
        status = fail_key(ctx, path, "cairn.input_size", "[channels,height,width]");
    json_decref(size);
    if (status == CAIRN_OK)
        status = parse_key(ctx, path, weights, "cairn.num_classes", &classes);
    if (status != CAIRN_OK || classes == NULL)
        return status;
    if (json_is_integer(classes) && json_integer_value(classes) >= 1 &&
        json_integer_value(classes) <= MAX_CLASSES)
        settings->classes = (int)json_integer_value(classes);
    else
        status = fail_key(ctx, path, "cairn.num_classes", "a number of classes");
    json_decref(classes);
    return status;
}

/* One label: a text, or an object with a "name". NULL: neither. */
static const char *label_of(const json_t *value)
{
    return json_string_value(json_is_object(value) ? json_object_get(value, "name") : value);
}

cairn_status cairn_metadata_labels(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                   int classes, char ***result)
{
    *result = NULL;
    json_t *root;
    cairn_status status = parse_key(ctx, path, weights, "cairn.labels", &root);
    if (status != CAIRN_OK)
        return status;
    if (root != NULL && json_array_size(root) != (size_t)classes) {
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: metadata 'cairn.labels': expected %d labels, found %zu",
                            path, classes, json_array_size(root));
        json_decref(root);
        return status;
    }
    char **labels = cairn_alloc(ctx, (size_t)classes, sizeof *labels);
    if (labels == NULL)
        status = CAIRN_MEMORY;
    for (int i = 0; status == CAIRN_OK && i < classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const char *label = root == NULL ? number : label_of(json_array_get(root, (size_t)i));
        if (label == NULL)
            status = fail_key(ctx, path, "cairn.labels", "texts");
        else if ((labels[i] = cairn_strdup(ctx, label)) == NULL)
            status = CAIRN_MEMORY;
    }
    json_decref(root);
    if (status == CAIRN_OK)
        *result = labels;
    else if (labels != NULL)
        cairn_names_free(ctx, labels, (size_t)classes);
    return status;
}

/* Every label has an identifier or none has. */
cairn_status cairn_metadata_label_ids(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                      int classes, char ***result)
{
    *result = NULL;
    json_t *root;
    cairn_status status = parse_key(ctx, path, weights, "cairn.labels", &root);
    if (status != CAIRN_OK || json_object_get(json_array_get(root, 0), "id") == NULL) {
        json_decref(root);
        return status;
    }
    char **ids = cairn_alloc(ctx, (size_t)classes, sizeof *ids);
    if (ids == NULL)
        status = CAIRN_MEMORY;
    for (int i = 0; status == CAIRN_OK && i < classes; i++) {
        const char *id = json_string_value(json_object_get(json_array_get(root, (size_t)i), "id"));
        if (id == NULL)
            status = fail_key(ctx, path, "cairn.labels", "an \"id\" in every label");
        else if ((ids[i] = cairn_strdup(ctx, id)) == NULL)
            status = CAIRN_MEMORY;
    }
    json_decref(root);
    if (status == CAIRN_OK)
        *result = ids;
    else if (ids != NULL)
        cairn_names_free(ctx, ids, (size_t)classes);
    return status;
}
