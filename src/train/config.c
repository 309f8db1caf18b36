/* Settings: defaults from the model, checks, JSON. */
#include "train/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include <cairn/augment.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define MAX_EPOCHS 100000
#define MAX_BATCH 65536
#define MAX_LOADERS 64
#define MAX_BAD 0.05f

/* The real settings: all are at least 0 and below a limit. */
static const struct {
    const char *key;
    size_t place;
    float limit; /* 0: none */
} reals[] = {
    {"lr", offsetof(cairn_config, lr), 0},
    {"momentum", offsetof(cairn_config, momentum), 1},
    {"weight_decay", offsetof(cairn_config, weight_decay), 0},
    {"label_smoothing", offsetof(cairn_config, label_smoothing), 1},
    {"val_split", offsetof(cairn_config, val_split), 1},
    {"warmup", offsetof(cairn_config, warmup), 0},
    {"max_bad", offsetof(cairn_config, max_bad), 1},
};

static const struct {
    const char *key;
    size_t place;
    int least, most;
} integers[] = {
    {"epochs", offsetof(cairn_config, epochs), 1, MAX_EPOCHS},
    {"batch", offsetof(cairn_config, batch), 1, MAX_BATCH},
    {"loaders", offsetof(cairn_config, loaders), 0, MAX_LOADERS},
};

static float *real_at(const cairn_config *config, size_t i)
{
    return (float *)((char *)(uintptr_t)config + reals[i].place);
}

static int *integer_at(const cairn_config *config, size_t i)
{
    return (int *)((char *)(uintptr_t)config + integers[i].place);
}

static cairn_status check(cairn_ctx *ctx, const cairn_config *config)
{
    for (size_t i = 0; i < CAIRN_COUNT(integers); i++) {
        int value = *integer_at(config, i);
        if (value < integers[i].least || value > integers[i].most)
            return cairn_fail(ctx, CAIRN_USAGE, "%s: expected %d to %d, found %d", integers[i].key,
                              integers[i].least, integers[i].most, value);
    }
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++) {
        float value = *real_at(config, i), limit = reals[i].limit;
        char found[CAIRN_NUMBER_BYTES], below[CAIRN_NUMBER_BYTES];
        cairn_number_print_float(found, value);
        cairn_number_print_float(below, limit);
        if (!(value >= 0) || value > __FLT_MAX__ || (limit > 0 && !(value < limit)))
            return cairn_fail(ctx, CAIRN_USAGE, "%s: expected a number from 0%s%s, found %s", reals[i].key,
                              limit > 0 ? " to below " : "", limit > 0 ? below : "", found);
    }
    if (config->warmup > (float)config->epochs)
        return cairn_fail(ctx, CAIRN_USAGE, "warmup: expected at most %d epochs", config->epochs);
    if (config->nesterov && config->momentum <= 0)
        return cairn_fail(ctx, CAIRN_USAGE, "nesterov: needs a momentum above 0");
    if (config->seed > INT64_MAX)
        return cairn_fail(ctx, CAIRN_USAGE, "seed: expected at most %" PRId64, INT64_MAX);
    cairn_augment augment;
    if (config->augment[0] != '\0' && cairn_augment_parse(ctx, config->augment, &augment) != CAIRN_OK)
        return CAIRN_USAGE;
    cairn_model_settings settings = {.set = config->set};
    return cairn_model_check(ctx, config->model, &settings);
}

static cairn_status find_schedule(cairn_ctx *ctx, const char *name, cairn_schedule_kind *kind)
{
    if (cairn_schedule_parse(name, kind))
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_USAGE, "schedule: expected constant, step, cosine or plateau, found '%s'",
                      name);
}

static cairn_status find_model(cairn_ctx *ctx, const char *name, const cairn_model **model)
{
    *model = cairn_model_find(name);
    return *model != NULL ? CAIRN_OK : cairn_fail(ctx, CAIRN_USAGE, "there is no network '%s'", name);
}

cairn_status cairn_config_resolve(cairn_ctx *ctx, const cairn_train_settings *settings, cairn_config *config)
{
    *config = (cairn_config){0};
    if (settings->model == NULL || settings->data == NULL || settings->out == NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "training needs a model, data and an output folder");
    cairn_status status = find_model(ctx, settings->model, &config->model);
    if (status != CAIRN_OK)
        return status;
    cairn_training_defaults defaults = cairn_model_training_of(config->model, settings->set);
    config->epochs = settings->epochs != 0 ? settings->epochs : defaults.epochs;
    config->batch = settings->batch != 0 ? settings->batch : defaults.batch;
    config->loaders = settings->loaders;
    config->lr = settings->lr < 0 ? defaults.lr : settings->lr;
    config->momentum = settings->momentum < 0 ? defaults.momentum : settings->momentum;
    config->weight_decay = settings->weight_decay < 0 ? defaults.weight_decay : settings->weight_decay;
    config->label_smoothing =
        settings->label_smoothing < 0 ? defaults.label_smoothing : settings->label_smoothing;
    config->val_split = settings->val_split < 0 ? 0 : settings->val_split;
    config->max_bad = settings->max_bad < 0 ? MAX_BAD : settings->max_bad;
    config->warmup = settings->warmup < 0 ? fminf(defaults.warmup, (float)config->epochs) : settings->warmup;
    config->nesterov = settings->nesterov < 0 ? defaults.nesterov : settings->nesterov != 0;
    config->seed = settings->seed;
    config->set = cairn_strdup(ctx, settings->set == NULL ? "" : settings->set);
    config->data = cairn_strdup(ctx, settings->data);
    config->augment = cairn_strdup(ctx, settings->augment == NULL ? "" : settings->augment);
    if (config->set == NULL || config->data == NULL || config->augment == NULL)
        return CAIRN_MEMORY;
    const char *schedule = settings->schedule != NULL ? settings->schedule : defaults.schedule;
    status = find_schedule(ctx, schedule, &config->schedule);
    if (status == CAIRN_OK && settings->init != NULL)
        status = cairn_path_absolute(ctx, settings->init, &config->init);
    return status == CAIRN_OK ? check(ctx, config) : status;
}

void cairn_config_free(cairn_ctx *ctx, cairn_config *config)
{
    cairn_free(ctx, config->set);
    cairn_free(ctx, config->data);
    cairn_free(ctx, config->init);
    cairn_free(ctx, config->augment);
    *config = (cairn_config){0};
}

/* ---- JSON ---- */

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

char *cairn_config_print(cairn_ctx *ctx, const cairn_config *config, const char *data)
{
    cairn_text text = {.ctx = ctx};
    cairn_text_add(&text, "{\n");
    add_string(&text, "model", config->model->name);
    add_string(&text, "set", config->set);
    add_string(&text, "data", data);
    add_string(&text, "init", config->init);
    add_string(&text, "augment", config->augment);
    for (size_t i = 0; i < CAIRN_COUNT(integers); i++) {
        add_key(&text, integers[i].key);
        cairn_text_format(&text, "%d", *integer_at(config, i));
    }
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++) {
        char number[CAIRN_NUMBER_BYTES];
        cairn_number_print_float(number, *real_at(config, i));
        add_key(&text, reals[i].key);
        cairn_text_add(&text, number);
    }
    add_key(&text, "nesterov");
    cairn_text_add(&text, config->nesterov ? "true" : "false");
    add_string(&text, "schedule", cairn_schedule_name(config->schedule));
    add_key(&text, "seed");
    cairn_text_format(&text, "%" PRIu64, config->seed);
    cairn_text_add(&text, "\n}\n");
    if (!text.failed)
        return text.data;
    cairn_free(ctx, text.data);
    return NULL;
}

/* A member of the right kind; NULL after a message. */
static const json_t *member(cairn_ctx *ctx, const char *name, const json_t *root, const char *key,
                            bool fits(const json_t *), const char *expected)
{
    const json_t *value = json_object_get(root, key);
    if (value != NULL && fits(value))
        return value;
    cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected %s, found %s", name, key, expected,
               value == NULL ? "nothing" : "something else");
    return NULL;
}

static bool is_string(const json_t *value)
{
    return json_is_string(value);
}

static bool is_string_or_null(const json_t *value)
{
    return json_is_string(value) || json_is_null(value);
}

static bool is_natural(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static cairn_status read_string(cairn_ctx *ctx, const char *name, const json_t *root, const char *key,
                                char **text)
{
    const json_t *value = member(ctx, name, root, key, is_string_or_null, "a text or null");
    if (value == NULL)
        return CAIRN_INPUT;
    if (json_is_null(value))
        return CAIRN_OK;
    *text = cairn_strdup(ctx, json_string_value(value));
    return *text == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_status read_numbers(cairn_ctx *ctx, const char *name, const json_t *root, cairn_config *config)
{
    const json_t *value;
    for (size_t i = 0; i < CAIRN_COUNT(integers); i++) {
        if ((value = member(ctx, name, root, integers[i].key, is_natural, "a whole number")) == NULL)
            return CAIRN_INPUT;
        *integer_at(config, i) = (int)cairn_min(json_integer_value(value), INT32_MAX);
    }
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++) {
        if ((value = member(ctx, name, root, reals[i].key, is_number, "a number")) == NULL)
            return CAIRN_INPUT;
        *real_at(config, i) = (float)json_number_value(value);
    }
    if ((value = member(ctx, name, root, "nesterov", is_boolean, "true or false")) == NULL)
        return CAIRN_INPUT;
    config->nesterov = json_boolean_value(value);
    if ((value = member(ctx, name, root, "seed", is_natural, "a whole number")) == NULL)
        return CAIRN_INPUT;
    config->seed = (uint64_t)json_integer_value(value);
    return CAIRN_OK;
}

static cairn_status read_config(cairn_ctx *ctx, const char *name, const json_t *root, cairn_config *config)
{
    const json_t *model = member(ctx, name, root, "model", is_string, "a name");
    const json_t *schedule = member(ctx, name, root, "schedule", is_string, "a name");
    const json_t *data = member(ctx, name, root, "data", is_string, "a path");
    const json_t *set = member(ctx, name, root, "set", is_string, "a text");
    const json_t *augment = member(ctx, name, root, "augment", is_string, "a text");
    if (model == NULL || schedule == NULL || data == NULL || set == NULL || augment == NULL)
        return CAIRN_INPUT;
    cairn_status status = find_model(ctx, json_string_value(model), &config->model);
    if (status == CAIRN_OK)
        status = find_schedule(ctx, json_string_value(schedule), &config->schedule);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "set", &config->set);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "data", &config->data);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "init", &config->init);
    if (status == CAIRN_OK)
        status = read_string(ctx, name, root, "augment", &config->augment);
    if (status == CAIRN_OK)
        status = read_numbers(ctx, name, root, config);
    return status == CAIRN_OK ? check(ctx, config) : status;
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

cairn_status cairn_config_hash(cairn_ctx *ctx, const cairn_config *config, char hash[CAIRN_SHA256_TEXT])
{
    cairn_config relevant = *config;
    relevant.loaders = 0;
    char *text = cairn_config_print(ctx, &relevant, "");
    if (text == NULL)
        return CAIRN_MEMORY;
    cairn_sha256_hex(text, strlen(text), hash);
    cairn_free(ctx, text);
    return CAIRN_OK;
}
