/* The state of a run and its JSON form. */
#include "train/state.h"
#include "base/json.h"
#include "base/text.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define SCHEMA 2
#define BITS_DIGITS 16

#define KEPT(i)                                                                                              \
    {                                                                                                        \
        "kept_" #i, offsetof(cairn_state, kept) + (i) * sizeof(int64_t)                                      \
    }
#define KEPT_TOP1(i)                                                                                         \
    {                                                                                                        \
        "kept_top1_" #i, offsetof(cairn_state, kept_top1) + (i) * sizeof(double)                             \
    }
#define SIXTEEN(what)                                                                                        \
    what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7), what(8), what(9), what(10),      \
        what(11), what(12), what(13), what(14), what(15)
_Static_assert(CAIRN_MOST_KEPT == 16, "the keys of kept epochs are written out");

static const struct {
    const char *key;
    size_t place;
} integers[] = {
    {"epoch", offsetof(cairn_state, epoch)},
    {"batch", offsetof(cairn_state, batch)},
    {"step", offsetof(cairn_state, step)},
    {"skipped", offsetof(cairn_state, skipped)},
    {"bad_in_row", offsetof(cairn_state, bad_in_row)},
    {"images", offsetof(cairn_state, tally.images)},
    {"top1", offsetof(cairn_state, tally.top1)},
    {"top5", offsetof(cairn_state, tally.top5)},
    {"plateau_waited", offsetof(cairn_state, plateau.waited)},
    {"plateau_drops", offsetof(cairn_state, plateau.drops)},
    {"best_epoch", offsetof(cairn_state, best_epoch)},
    {"results_bytes", offsetof(cairn_state, results_bytes)},
    {"metrics_bytes", offsetof(cairn_state, metrics_bytes)},
    SIXTEEN(KEPT),
};

static const struct {
    const char *key;
    size_t place;
} reals[] = {
    {"loss", offsetof(cairn_state, tally.loss)},
    {"plateau_best", offsetof(cairn_state, plateau.best)},
    {"best_top1", offsetof(cairn_state, best_top1)},
    {"last_top1", offsetof(cairn_state, last_top1)},
    SIXTEEN(KEPT_TOP1),
};

static const struct {
    const char *key;
    size_t place;
} lists[] = {
    {"broken_train", offsetof(cairn_state, broken_train)},
    {"broken_evaluated", offsetof(cairn_state, broken_evaluated)},
};

/* A list of a state, by its number. */
static cairn_broken *list_of(cairn_state *state, size_t i)
{
    return (cairn_broken *)(void *)((char *)state + lists[i].place);
}

void cairn_state_begin(cairn_state *state)
{
    *state = (cairn_state){0};
    cairn_plateau_begin(&state->plateau);
}

void cairn_state_free(cairn_ctx *ctx, cairn_state *state)
{
    for (size_t i = 0; i < CAIRN_COUNT(lists); i++)
        cairn_broken_free(ctx, list_of(state, i));
}

int64_t cairn_state_keep(cairn_state *s, int keep, int64_t epoch, double top1)
{
    int place = 0;
    while (place < keep && s->kept[place] != 0 && s->kept_top1[place] >= top1)
        place++;
    if (place == keep)
        return epoch;
    int64_t left = s->kept[keep - 1];
    for (int i = keep - 1; i > place; i--) {
        s->kept[i] = s->kept[i - 1];
        s->kept_top1[i] = s->kept_top1[i - 1];
    }
    s->kept[place] = epoch;
    s->kept_top1[place] = top1;
    return left;
}

char *cairn_state_print(cairn_ctx *ctx, const cairn_state *state)
{
    cairn_text text = {.ctx = ctx};
    cairn_text_format(&text, "{\n  \"schema\": %d", SCHEMA);
    for (size_t i = 0; i < CAIRN_COUNT(integers); i++) {
        int64_t value;
        memcpy(&value, (const char *)state + integers[i].place, sizeof value);
        cairn_text_format(&text, ",\n  \"%s\": %" PRId64, integers[i].key, value);
    }
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++) {
        uint64_t bits;
        memcpy(&bits, (const char *)state + reals[i].place, sizeof bits);
        cairn_text_format(&text, ",\n  \"%s\": \"%016" PRIx64 "\"", reals[i].key, bits);
    }
    for (size_t i = 0; i < CAIRN_COUNT(lists); i++) {
        const cairn_broken *list = (const void *)((const char *)state + lists[i].place);
        cairn_text_format(&text, ",\n  \"%s\": [", lists[i].key);
        for (int64_t k = 0; k < list->count; k++)
            cairn_text_format(&text, "%s%" PRId64, k == 0 ? "" : ", ", list->index[k]);
        cairn_text_add(&text, "]");
    }
    cairn_text_add(&text, "\n}\n");
    if (!text.failed)
        return text.data;
    cairn_free(ctx, text.data);
    return NULL;
}

static bool parse_bits(const char *text, uint64_t *bits)
{
    if (text == NULL || strlen(text) != BITS_DIGITS || strspn(text, "0123456789abcdef") != BITS_DIGITS)
        return false;
    *bits = 0;
    for (; *text != '\0'; text++)
        *bits = *bits << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return true;
}

/* Without the key, as in older checkpoints, none is known. */
static cairn_status read_list(cairn_ctx *ctx, const char *name, const char *key, const json_t *root,
                              cairn_broken *list)
{
    const json_t *values = json_object_get(root, key), *value;
    size_t i;
    if (values != NULL && !json_is_array(values))
        return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected a list", name, key);
    json_array_foreach(values, i, value)
    {
        bool fresh;
        int64_t least = list->count == 0 ? 0 : list->index[list->count - 1] + 1;
        if (!json_is_integer(value) || json_integer_value(value) < least)
            return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected ascending whole numbers", name, key);
        cairn_status status = cairn_broken_add(ctx, list, json_integer_value(value), &fresh);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

static cairn_status read_state(cairn_ctx *ctx, const char *name, const json_t *root, cairn_state *state)
{
    if (json_integer_value(json_object_get(root, "schema")) != SCHEMA)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: 'schema': expected %d", name, SCHEMA);
    for (size_t i = 0; i < CAIRN_COUNT(integers); i++) {
        const json_t *value = json_object_get(root, integers[i].key);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected a whole number", name, integers[i].key);
        int64_t number = json_integer_value(value);
        memcpy((char *)state + integers[i].place, &number, sizeof number);
    }
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++) {
        uint64_t bits;
        if (!parse_bits(json_string_value(json_object_get(root, reals[i].key)), &bits))
            return cairn_fail(ctx, CAIRN_INPUT, "%s: '%s': expected %d hexadecimal digits", name,
                              reals[i].key, BITS_DIGITS);
        memcpy((char *)state + reals[i].place, &bits, sizeof bits);
    }
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; status == CAIRN_OK && i < CAIRN_COUNT(lists); i++)
        status = read_list(ctx, name, lists[i].key, root, list_of(state, i));
    return status;
}

cairn_status cairn_state_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                               cairn_state *state)
{
    static const cairn_json_limits limits = {CAIRN_STATE_BYTES, CAIRN_STATE_BYTES / 2, 4};
    json_t *root;
    *state = (cairn_state){0};
    cairn_status status = cairn_json_parse(ctx, name, text, size, limits, &root);
    if (status == CAIRN_OK)
        status = read_state(ctx, name, root, state);
    json_decref(root);
    return status;
}
