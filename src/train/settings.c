/* The table of settings, and their values as text. */
#include "train/config.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(key) offsetof(cairn_config, key)
const cairn_setting cairn_settings[CAIRN_SETTING_COUNT] = {
#define INTEGER(key, least, most, standard, help)                                                            \
    {#key, CAIRN_SETTING_INTEGER, AT(key), least, most, standard, NULL, NULL, help},
#define REAL(key, least, limit, standard, help)                                                              \
    {#key, CAIRN_SETTING_REAL, AT(key), least, limit, standard, NULL, NULL, help},
#define FLAG(key, standard, help) {#key, CAIRN_SETTING_FLAG, AT(key), 0, 1, standard, NULL, NULL, help},
#define CHOICE(key, names, standard, help)                                                                   \
    {#key, CAIRN_SETTING_CHOICE, AT(key), 0, 0, 0, names, standard, help},
#define TEXT(key, standard, help) {#key, CAIRN_SETTING_TEXT, AT(key), 0, 0, 0, NULL, standard, help},
#include "train/settings.def"
#undef INTEGER
#undef REAL
#undef FLAG
#undef CHOICE
#undef TEXT
};

cairn_setting_id cairn_setting_find(cairn_ctx *ctx, const char *name, const char *key, cairn_status status)
{
    const char *keys[CAIRN_SETTING_COUNT];
    for (int i = 0; i < CAIRN_SETTING_COUNT; i++) {
        keys[i] = cairn_settings[i].key;
        if (strcmp(key, keys[i]) == 0)
            return (cairn_setting_id)i;
    }
    const char *nearest = cairn_nearest_name(key, keys, CAIRN_SETTING_COUNT);
    cairn_fail(ctx, status, "%s: there is no setting '%.64s'%s%s%s", name, key,
               nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "'?)" : "");
    return CAIRN_SETTING_COUNT;
}

/* The word at a place of a list joined by '|'. */
static void word_at(const char *names, int place, char word[64])
{
    for (; place > 0; place--)
        names += strcspn(names, "|") + 1;
    snprintf(word, 64, "%.*s", (int)strcspn(names, "|"), names);
}

static int place_of(const char *names, const char *word)
{
    size_t length = strlen(word);
    for (int place = 0;; place++) {
        size_t end = strcspn(names, "|");
        if (end == length && memcmp(names, word, length) == 0)
            return place;
        if (names[end] == '\0')
            return -1;
        names += end + 1;
    }
}

void cairn_setting_print(cairn_text *text, const cairn_config *config, cairn_setting_id id)
{
    const cairn_setting *s = &cairn_settings[id];
    const char *at = (const char *)config + s->place;
    char word[64];
    switch (s->kind) {
    case CAIRN_SETTING_INTEGER:
        cairn_text_format(text, "%d", *(const int *)(const void *)at);
        break;
    case CAIRN_SETTING_REAL:
        cairn_number_print_float(word, *(const float *)(const void *)at);
        cairn_text_add(text, word);
        break;
    case CAIRN_SETTING_FLAG:
        cairn_text_add(text, *(const bool *)(const void *)at ? "true" : "false");
        break;
    case CAIRN_SETTING_CHOICE:
        word_at(s->names, *(const int *)(const void *)at, word);
        cairn_text_add(text, word);
        break;
    case CAIRN_SETTING_TEXT:
        cairn_text_add(text, *(char *const *)(const void *)at);
        break;
    }
}

static cairn_status fail_value(cairn_ctx *ctx, const char *name, const cairn_setting *s, const char *text,
                               cairn_status status)
{
    static const char *const expected[] = {"a whole number", "a number", "true or false", "", "a text"};
    char found[48];
    snprintf(found, sizeof found, "%.40s%s", text, strlen(text) > 40 ? "..." : "");
    if (s->kind == CAIRN_SETTING_CHOICE)
        return cairn_fail(ctx, status, "%s%s%s: expected one of %s, found '%s'", name, *name ? ": " : "",
                          s->key, s->names, found);
    return cairn_fail(ctx, status, "%s%s%s: expected %s, found '%s'", name, *name ? ": " : "", s->key,
                      expected[s->kind], found);
}

cairn_status cairn_setting_take(cairn_ctx *ctx, cairn_config *config, cairn_setting_id id, const char *name,
                                const char *text, cairn_origin origin, cairn_status status)
{
    const cairn_setting *s = &cairn_settings[id];
    char *at = (char *)config + s->place;
    double number = 0;
    bool numeric = s->kind == CAIRN_SETTING_INTEGER || s->kind == CAIRN_SETTING_REAL;
    bool fits = !numeric || cairn_number_parse(text, &number);
    int place = s->kind == CAIRN_SETTING_CHOICE ? place_of(s->names, text) : 0;
    if (s->kind == CAIRN_SETTING_INTEGER)
        fits = fits && number == floor(number) && fabs(number) <= INT32_MAX;
    if (s->kind == CAIRN_SETTING_FLAG)
        fits = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    if (!fits || place < 0)
        return fail_value(ctx, name, s, text, status);
    config->origin[id] = (unsigned char)origin;
    switch (s->kind) {
    case CAIRN_SETTING_INTEGER:
        *(int *)(void *)at = (int)number;
        break;
    case CAIRN_SETTING_REAL:
        *(float *)(void *)at = (float)number;
        break;
    case CAIRN_SETTING_FLAG:
        *(bool *)(void *)at = *text == 't';
        break;
    case CAIRN_SETTING_CHOICE:
        *(int *)(void *)at = place;
        break;
    case CAIRN_SETTING_TEXT: {
        char *copy = cairn_strdup(ctx, text);
        cairn_free(ctx, *(char **)(void *)at);
        *(char **)(void *)at = copy;
        return copy == NULL ? CAIRN_MEMORY : CAIRN_OK;
    }
    }
    return CAIRN_OK;
}
