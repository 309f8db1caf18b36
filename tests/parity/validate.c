/* Golden files may come from anywhere: what the comparisons take for granted is checked first, and what is
 * not as documented is told in one line. */
#include "parity/golden.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct report {
    char *text;
    size_t size;
} report;

static bool wrong(const report *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->text, r->size, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_count(const json_t *value, int64_t least, int64_t most)
{
    return json_is_integer(value) && json_integer_value(value) >= least && json_integer_value(value) <= most;
}

static bool counts(const report *r, const json_t *object, const char *where, const char *key, int64_t least,
                   int64_t most)
{
    return is_count(json_object_get(object, key), least, most) ||
           wrong(r, "%s%s: expected an integer from %lld to %lld", where, key, (long long)least,
                 (long long)most);
}

/* An array of so many integers; length 0: of at most CAIRN_MAX_RANK, at least one. */
static bool is_integers(const json_t *array, size_t length, int64_t least, int64_t most)
{
    size_t found = json_array_size(array);
    bool good = length > 0 ? found == length : found > 0 && found <= CAIRN_MAX_RANK;
    for (size_t i = 0; i < found; i++)
        good &= is_count(json_array_get(array, i), least, most);
    return good;
}

static bool is_numbers(const json_t *row, size_t from, size_t length)
{
    bool good = json_array_size(row) >= length;
    for (size_t i = from; i < length; i++)
        good &= json_is_number(json_array_get(row, i));
    return good;
}

/* A table whose rows are a name and numbers. */
static bool named_rows(const report *r, const json_t *table, const char *where, size_t numbers)
{
    for (size_t i = 0; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        if (!json_is_string(json_array_get(row, 0)) || !is_numbers(row, 1, 1 + numbers))
            return wrong(r, "%s[%zu]: expected a name and %zu numbers", where, i, numbers);
    }
    return json_is_array(table) || wrong(r, "%s: expected an array", where);
}

static bool check_params(const report *r, const json_t *params)
{
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *row = json_array_get(params, i);
        const char *kind = json_string_value(json_array_get(row, 2));
        if (!json_is_string(json_array_get(row, 0)) ||
            !is_integers(json_array_get(row, 1), 0, 1, INT32_MAX) || kind == NULL || strlen(kind) != 1 ||
            strchr("wdbgrvu", kind[0]) == NULL || !json_is_number(json_array_get(row, 3)) ||
            (strchr("wd", kind[0]) != NULL && !(json_number_value(json_array_get(row, 3)) > 0)))
            return wrong(r, "params[%zu]: expected a name, a shape, one of the kinds wdbgrvu, and fan_in", i);
    }
    return json_array_size(params) > 0 || wrong(r, "params: expected a table of parameters");
}

/* Scores: a row of all classes for each picture. */
static bool check_scores(const report *r, const json_t *eval, const char *key, bool needed, size_t classes)
{
    const json_t *rows = json_object_get(eval, key);
    size_t batch = (size_t)json_integer_value(json_object_get(eval, "batch"));
    bool good = json_array_size(rows) == batch;
    for (size_t n = 0; n < json_array_size(rows); n++)
        good &= json_array_size(json_array_get(rows, n)) == classes &&
                is_numbers(json_array_get(rows, n), 0, classes);
    return good || (rows == NULL && !needed) ||
           wrong(r, "eval.%s: expected %zu rows of %zu numbers", key, batch, classes);
}

static bool check_eval(const report *r, const json_t *eval, size_t classes)
{
    return counts(r, eval, "eval.", "seed", 0, INT64_MAX) && counts(r, eval, "eval.", "batch", 1, 1 << 16) &&
           check_scores(r, eval, "logits", true, classes) &&
           check_scores(r, eval, "aux1_logits", false, classes) &&
           check_scores(r, eval, "aux2_logits", false, classes);
}

static bool check_train(const report *r, const json_t *train, size_t classes)
{
    static const char *const reals[] = {"lr", "momentum", "weight_decay"};
    if (!counts(r, train, "train.", "seed", 0, INT64_MAX) || !counts(r, train, "train.", "batch", 1, 1 << 16))
        return false;
    size_t batch = (size_t)json_integer_value(json_object_get(train, "batch"));
    const json_t *losses = json_object_get(train, "losses"), *grads = json_object_get(train, "grads");
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (!json_is_number(json_object_get(train, reals[i])))
            return wrong(r, "train.%s: expected a number", reals[i]);
    if (!is_integers(json_object_get(train, "input"), 3, 1, 1 << 16))
        return wrong(r, "train.input: expected height, width and channels");
    if (!is_integers(json_object_get(train, "labels"), batch, 0, (int64_t)classes - 1))
        return wrong(r, "train.labels: expected %zu classes from 0 to %zu", batch, classes - 1);
    if (json_array_size(losses) != 4 || !is_numbers(losses, 0, 4))
        return wrong(r, "train.losses: expected 4 numbers, found %zu", json_array_size(losses));
    if (json_array_size(grads) == 0)
        return wrong(r, "train.grads: expected a table of gradients");
    return named_rows(r, grads, "train.grads", 6) &&
           named_rows(r, json_object_get(train, "stats"), "train.stats", 5);
}

bool golden_check_network(const json_t *net, char *text, size_t size)
{
    const report r = {text, size};
    const json_t *layers = json_object_get(net, "layers"), *train = json_object_get(net, "train");
    if (!json_is_object(net))
        return wrong(&r, "expected an object");
    if (!check_params(&r, json_object_get(net, "params")) || !counts(&r, net, "", "classes", 1, 1 << 24) ||
        !counts(&r, net, "", "macs", 0, INT64_MAX) || !counts(&r, net, "", "params_trainable", 0, INT64_MAX))
        return false;
    if (!is_integers(json_object_get(net, "input"), 3, 1, 1 << 16))
        return wrong(&r, "input: expected height, width and channels");
    for (size_t i = 0; i < json_array_size(layers); i++)
        if (!json_is_string(json_array_get(json_array_get(layers, i), 0)))
            return wrong(&r, "layers[%zu]: expected a row that begins with a name", i);
    size_t classes = (size_t)json_integer_value(json_object_get(net, "classes"));
    return check_eval(&r, json_object_get(net, "eval"), classes) &&
           (train == NULL || check_train(&r, train, classes));
}

bool golden_check_entry(const json_t *entry, char *text, size_t size)
{
    static const char *const keys[] = {"name", "zoo", "file"};
    const report r = {text, size};
    const json_t *set = json_object_get(entry, "set");
    const char *key;
    json_t *value;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_is_string(json_object_get(entry, keys[i])))
            return wrong(&r, "%s: expected a text", keys[i]);
    if (set != NULL && !json_is_object(set))
        return wrong(&r, "set: expected an object");
    json_object_foreach((json_t *)set, key, value)
    {
        if (!json_is_string(value))
            return wrong(&r, "set.%s: expected a text", key);
    }
    return true;
}
