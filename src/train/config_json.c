/* Settings as JSON and back. */
#include "train/config_json.h"
#include <inttypes.h>
#include <string.h>

/* ---- writing ---- */

static void add_key(cairn_text *text, const char *key)
{
    cairn_text_format(text, "%s  \"%s\": ", text->size > 2 ? ",\n" : "", key);
}

static void add_string(cairn_text *text, const char *key, const char *value)
{
    add_key(text, key);
    if (value == NULL)
        cairn_text_add(text, "null");
    else
        cairn_text_json_string(text, value);
}

static void add_setting(cairn_text *text, const cairn_config *config, cairn_setting_id id)
{
    const cairn_setting *s = &cairn_settings[id];
    if (s->kind != CAIRN_SETTING_CHOICE && s->kind != CAIRN_SETTING_TEXT) {
        add_key(text, s->key);
        cairn_setting_print(text, config, id);
        return;
    }
    cairn_text value = {.ctx = text->ctx};
    cairn_text_add(&value, "");
    cairn_setting_print(&value, config, id);
    text->failed |= value.failed;
    if (!value.failed)
        add_string(text, s->key, value.data);
    cairn_free(text->ctx, value.data);
}

char *cairn_config_print(cairn_ctx *ctx, const cairn_config *config, const char *data)
{
    cairn_text text = {.ctx = ctx};
    cairn_text_add(&text, "{\n");
    add_string(&text, "model", config->model->name);
    add_string(&text, "set", config->set);
    add_string(&text, "data", data);
    add_string(&text, "init", config->init);
    add_string(&text, "recipe", config->recipe);
    for (int i = 0; i < CAIRN_SETTING_COUNT; i++)
        add_setting(&text, config, (cairn_setting_id)i);
    add_key(&text, "seed");
    cairn_text_format(&text, "%" PRIu64, config->seed);
    cairn_text_add(&text, "\n}\n");
    if (!text.failed)
        return text.data;
    cairn_free(ctx, text.data);
    return NULL;
}

cairn_status cairn_config_hash(cairn_ctx *ctx, const cairn_config *config, char hash[CAIRN_SHA256_TEXT])
{
    cairn_config relevant = *config;
    relevant.loaders = 0;
    relevant.tensorboard = false;
    char *text = cairn_config_print(ctx, &relevant, "");
    if (text == NULL)
        return CAIRN_MEMORY;
    cairn_sha256_hex(text, strlen(text), hash);
    cairn_free(ctx, text);
    return CAIRN_OK;
}

/* ---- reading ---- */

cairn_status cairn_setting_take_json(cairn_ctx *ctx, cairn_config *config, cairn_setting_id id,
                                     const char *name, const json_t *value, cairn_origin origin)
{
    static const char *const expected[] = {"a whole number", "a number", "true or false", "a name", "a text"};
    const cairn_setting *s = &cairn_settings[id];
    bool fits = s->kind == CAIRN_SETTING_INTEGER ? json_is_integer(value)
                : s->kind == CAIRN_SETTING_REAL  ? json_is_number(value)
                : s->kind == CAIRN_SETTING_FLAG  ? json_is_boolean(value)
                                                 : json_is_string(value);
    if (!fits)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected %s, found %s", name, s->key,
                          expected[s->kind], value == NULL ? "nothing" : "something else");
    char number[CAIRN_NUMBER_BYTES];
    const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : number;
    if (json_is_string(value))
        text = json_string_value(value);
    else if (json_is_number(value))
        cairn_number_print(number, json_number_value(value));
    return cairn_setting_take(ctx, config, id, name, text, origin, CAIRN_INPUT);
}

static cairn_status read_string(cairn_ctx *ctx, const char *name, const json_t *root, const char *key,
                                bool may_be_null, char **text)
{
    const json_t *value = json_object_get(root, key);
    if (may_be_null && json_is_null(value))
        return CAIRN_OK;
    if (!json_is_string(value))
        return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected a text%s, found %s", name, key,
                          may_be_null ? " or null" : "", value == NULL ? "nothing" : "something else");
    *text = cairn_strdup(ctx, json_string_value(value));
    return *text == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_status read_model(cairn_ctx *ctx, const char *name, const json_t *root, cairn_config *config)
{
    char *model = NULL;
    cairn_status status = read_string(ctx, name, root, "model", false, &model);
    if (status == CAIRN_OK && (config->model = cairn_model_find(model)) == NULL)
        status = cairn_fail(ctx, CAIRN_USAGE, "there is no network '%s'", model);
    cairn_free(ctx, model);
    return status;
}

/* Runs of earlier versions do not have these, and did as the standard says. */
static bool is_newer(cairn_setting_id id)
{
    return id == CAIRN_SETTING_accumulate || id == CAIRN_SETTING_recompute;
}

static cairn_status read_setting(cairn_ctx *ctx, const char *name, const json_t *root, cairn_setting_id id,
                                 cairn_config *config)
{
    const json_t *value = json_object_get(root, cairn_settings[id].key);
    json_t *standard = NULL;
    if (value == NULL && is_newer(id))
        value = standard = cairn_settings[id].kind == CAIRN_SETTING_FLAG
                               ? json_boolean(cairn_settings[id].standard != 0)
                               : json_integer((json_int_t)cairn_settings[id].standard);
    cairn_status status = cairn_setting_take_json(ctx, config, id, name, value, CAIRN_ORIGIN_RUN);
    json_decref(standard);
    return status;
}

static cairn_status read_config(cairn_ctx *ctx, const char *name, const json_t *root, cairn_config *config)
{
    cairn_status status = read_model(ctx, name, root, config);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "set", false, &config->set);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "data", false, &config->data);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "init", true, &config->init);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "recipe", true, &config->recipe);
    for (int i = 0; i < CAIRN_SETTING_COUNT && status == CAIRN_OK; i++)
        status = read_setting(ctx, name, root, (cairn_setting_id)i, config);
    const json_t *seed = json_object_get(root, "seed");
    if (status == CAIRN_OK && (!json_is_integer(seed) || json_integer_value(seed) < 0))
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: 'seed': expected a whole number, found %s", name,
                            seed == NULL ? "nothing" : "something else");
    config->seed = (uint64_t)json_integer_value(seed);
    return status == CAIRN_OK ? cairn_config_check(ctx, config) : status;
}

cairn_status cairn_config_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                                cairn_config *config)
{
    *config = (cairn_config){0};
    json_t *root;
    cairn_status status = cairn_json_parse(ctx, name, text, size, CAIRN_JSON_SMALL_LIMITS, &root);
    if (status == CAIRN_OK)
        status = read_config(ctx, name, root, config);
    json_decref(root);
    return status;
}
