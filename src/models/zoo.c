/* The list of networks, their switches, and the graph of one: picture, network, loss, gradients, update. */
#include "base/base.h"
#include "base/text.h"
#include "models/sizes.h"
#include <cairn/models.h>
#include <stdio.h>
#include <string.h>

#define MODEL(name) extern const cairn_model cairn_model_##name;
#include "models/zoo.def"
#undef MODEL

static const cairn_model *const zoo[] = {
#define MODEL(name) &cairn_model_##name,
#include "models/zoo.def"
#undef MODEL
};

/* Other names of networks. */
static const struct alias {
    const char *alias, *name;
} aliases[] = {
#define ALIAS(alias, name) {alias, name},
#include "models/zoo.def"
#undef ALIAS
};

int cairn_model_count(void)
{
    return (int)CAIRN_COUNT(zoo);
}

const cairn_model *cairn_model_at(int index)
{
    return index >= 0 && index < cairn_model_count() ? zoo[index] : NULL;
}

const cairn_model *cairn_model_find(const char *name)
{
    for (size_t i = 0; i < CAIRN_COUNT(aliases); i++)
        if (strcmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (size_t i = 0; i < CAIRN_COUNT(zoo); i++)
        if (strcmp(zoo[i]->name, name) == 0)
            return zoo[i];
    return NULL;
}

const char *cairn_model_alias_at(int index, const char **name)
{
    if (index < 0 || index >= (int)CAIRN_COUNT(aliases))
        return NULL;
    *name = aliases[index].name;
    return aliases[index].alias;
}

/* ---- switches ---- */

/* A piece of a text, not terminated. */
typedef struct span {
    const char *text;
    size_t length;
} span;

static bool span_is(span s, const char *text)
{
    return strlen(text) == s.length && memcmp(s.text, text, s.length) == 0;
}

/* The next "key=value" of a list; false at its end. A piece without '=' has an empty value. */
static bool next_pair(const char **list, span *key, span *value)
{
    const char *p = *list;
    if (p == NULL || *p == '\0')
        return false;
    size_t length = strcspn(p, ","), split = strcspn(p, "=");
    split = split < length ? split : length;
    *key = (span){p, split};
    *value = split < length ? (span){p + split + 1, length - split - 1} : (span){p + split, 0};
    *list = p + length + (p[length] == ',');
    return true;
}

static const cairn_switch *find_switch(const cairn_model *model, span key)
{
    for (const cairn_switch *s = model->switches; s != NULL && s->key != NULL; s++)
        if (span_is(key, s->key))
            return s;
    return NULL;
}

/* The number that a piece of text is, all of it and finite. */
static bool read_number(span value, double *number)
{
    char text[64];
    if (value.length == 0 || value.length >= sizeof text)
        return false;
    memcpy(text, value.text, value.length);
    text[value.length] = '\0';
    return cairn_number_parse(text, number);
}

static bool is_alternative(const char *values, span value)
{
    double number;
    for (const char *p = values; *p != '\0';) {
        size_t length = strcspn(p, "|");
        if (length == value.length && memcmp(p, value.text, length) == 0)
            return true;
        if (span_is((span){p, length}, "<number>") && read_number(value, &number))
            return true;
        p += length + (p[length] == '|');
    }
    return false;
}

static cairn_status fail_key(cairn_ctx *ctx, const cairn_model *model, span key)
{
    char keys[200] = "";
    size_t used = 0;
    for (const cairn_switch *s = model->switches; s != NULL && s->key != NULL && used < sizeof keys; s++)
        used += (size_t)snprintf(keys + used, sizeof keys - used, "%s%s", used > 0 ? "|" : "", s->key);
    if (used == 0)
        return cairn_fail(ctx, CAIRN_USAGE, "%s: has no switches (found '%.*s')", model->name,
                          (int)key.length, key.text);
    return cairn_fail(ctx, CAIRN_USAGE, "%s: no switch '%.*s' (expected one of %s)", model->name,
                      (int)key.length, key.text, keys);
}

cairn_status cairn_model_check(cairn_ctx *ctx, const cairn_model *model, const cairn_model_settings *settings)
{
    const char *list = settings == NULL ? NULL : settings->set;
    span key, value;
    while (next_pair(&list, &key, &value)) {
        const cairn_switch *found = find_switch(model, key);
        if (found == NULL)
            return fail_key(ctx, model, key);
        if (!is_alternative(found->values, value))
            return cairn_fail(ctx, CAIRN_USAGE, "%s: switch '%s': expected one of %s, found '%.*s'",
                              model->name, found->key, found->values, (int)value.length, value.text);
    }
    return CAIRN_OK;
}

/* The value of a switch: the last one given, else its default; empty if there is no such switch. */
static span chosen_value(const cairn_model *model, const cairn_model_settings *settings, const char *key)
{
    const cairn_switch *found = find_switch(model, (span){key, strlen(key)});
    if (found == NULL)
        return (span){"", 0};
    span chosen = {found->values, strcspn(found->values, "|")}, k, v;
    for (const char *list = settings->set; next_pair(&list, &k, &v);)
        if (span_is(k, key))
            chosen = v;
    return chosen;
}

bool cairn_switch_is(const cairn_model *model, const cairn_model_settings *settings, const char *key,
                     const char *value)
{
    return find_switch(model, (span){key, strlen(key)}) != NULL &&
           span_is(chosen_value(model, settings, key), value);
}

const char *cairn_switch_value(const cairn_model *model, const cairn_model_settings *settings,
                               const char *key, size_t *length)
{
    span value = chosen_value(model, settings, key);
    *length = value.length;
    return value.text;
}

double cairn_switch_number(const cairn_model *model, const cairn_model_settings *settings, const char *key)
{
    double number = 0;
    return read_number(chosen_value(model, settings, key), &number) ? number : 0;
}

cairn_training_defaults cairn_model_training_of(const cairn_model *model, const char *set)
{
    cairn_training_defaults training = model->training;
    cairn_model_settings settings = {.set = set};
    for (const cairn_switch *s = model->switches; s != NULL && s->key != NULL; s++)
        if (s->other != NULL && cairn_switch_is(model, &settings, s->key, s->other))
            training.lr = s->other_lr;
    return training;
}

/* ---- graphs ---- */

static cairn_model_settings complete(const cairn_model *model, const cairn_model_settings *settings,
                                     bool training)
{
    cairn_model_settings s = {0};
    if (settings != NULL)
        s = *settings;
    s.h = s.h == 0 ? model->h : s.h;
    s.w = s.w == 0 ? model->w : s.w;
    s.c = s.c == 0 ? model->c : s.c;
    s.classes = s.classes == 0 ? model->classes : s.classes;
    s.set = s.set == NULL ? "" : s.set;
    s.model = model;
    s.heads = (s.heads || training) && !cairn_switch_is(model, &s, "aux", "off");
    return s;
}

static void add_training(cairn_graph *graph, const cairn_model *model, const cairn_model_settings *settings,
                         cairn_val logits, const cairn_model_training *training)
{
    cairn_val labels = training->soft ? cairn_targets(graph, settings->classes) : cairn_labels(graph);
    cairn_val losses = model->loss != NULL ? model->loss(graph, logits, labels, settings, training->loss)
                                           : cairn_cross_entropy(graph, logits, labels, training->loss);
    if (training->aux_weight != NULL)
        cairn_auxiliary_weight(graph, *training->aux_weight);
    losses = cairn_auxiliary_losses(graph, losses, labels, training->loss);
    cairn_val loss = cairn_mean(graph, losses);
    cairn_output(graph, losses, "losses");
    cairn_output(graph, loss, "loss");
    if (training->loss_only)
        return;
    if (training->groups != NULL)
        training->groups(graph, training->user);
    cairn_differentiate(graph, loss);
    if (!training->gradients_only)
        cairn_update(graph, loss, training->update);
}

cairn_status cairn_model_graph(cairn_ctx *ctx, const cairn_model *model, const cairn_model_settings *settings,
                               cairn_model_input input, float scale, const float *mean, const float *std,
                               const cairn_model_training *training, cairn_graph **result)
{
    *result = NULL;
    bool learns = training != NULL && !training->loss_only;
    cairn_model_settings s = complete(model, settings, learns);
    cairn_status status = cairn_model_check(ctx, model, &s);
    if (status != CAIRN_OK)
        return status;
    cairn_graph *graph;
    status = cairn_graph_create(ctx, &graph);
    if (status != CAIRN_OK)
        return status;
    if (learns)
        cairn_graph_for_training(graph);
    for (const char *const *layer = learns ? training->frozen : NULL; layer != NULL && *layer != NULL;
         layer++)
        cairn_graph_freeze(graph, *layer);
    if (learns && training->dropout != NULL)
        cairn_graph_set_dropout(graph, *training->dropout);
    cairn_val image = input == CAIRN_INPUT_BYTES ? cairn_image_bytes(graph, s.h, s.w, s.c, scale, mean, std)
                                                 : cairn_image(graph, s.h, s.w, s.c);
    cairn_val logits = model->build(graph, image, &s);
    cairn_output(graph, logits, "logits");
    if (training != NULL)
        add_training(graph, model, &s, logits, training);
    status = cairn_graph_status(graph);
    if (status == CAIRN_OK)
        *result = graph;
    else
        cairn_graph_destroy(graph);
    return cairn_explain_size(ctx, model, &s, status);
}
