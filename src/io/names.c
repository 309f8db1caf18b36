/* Matching the tensors of a file with the parameters of a graph by name. */
#include "io/names.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256

/* ---- words ---- */

/* How others call the parts of a layer; "kernel" and its like lie as in memory, inputs before outputs. */
static const struct word {
    const char *theirs, *ours;
    bool in_memory;
} words[] = {
    {"weight", "weight", false},
    {"bias", "bias", false},
    {"running_mean", "running_mean", false},
    {"running_var", "running_var", false},
    {"kernel", "weight", true},
    {"gamma", "weight", false},
    {"beta", "bias", false},
    {"moving_mean", "running_mean", false},
    {"moving_variance", "running_var", false},
    {"coef", "weight", false}, /* of LeNet's subsampling */
};

/* A tensor's name, understood. */
typedef struct entry {
    char layer[NAME_BYTES], kind[32];
    char name[NAME_BYTES + 40]; /* both, as a parameter is called */
    bool in_memory;
} entry;

static bool is_separator(char c)
{
    return c == '.' || c == '/';
}

/* Does `theirs` fit the text? Each star's text goes to `ours`, in order. */
static bool rename_by(const cairn_name_rule *rule, const char *text, char out[NAME_BYTES])
{
    const char *stars[8];
    size_t lengths[8];
    int count = 0;
    const char *p = rule->theirs, *t = text;
    while (*p != '\0') {
        if (*p != '*') {
            if (*p++ != *t++)
                return false;
            continue;
        }
        size_t length = 0; /* up to the next separator, or what follows the star in the pattern */
        char stop = p[1];
        while (t[length] != '\0' && !is_separator(t[length]) && (stop == '\0' || stop == '*' || t[length] != stop))
            length++;
        if (length == 0 || count == 8)
            return false;
        stars[count] = t;
        lengths[count++] = length;
        t += length;
        p++;
    }
    if (*t != '\0')
        return false;
    size_t used = 0;
    int star = 0;
    for (p = rule->ours; *p != '\0'; p++) {
        bool is_star = *p == '*' && star < count;
        size_t length = is_star ? lengths[star] : 1;
        if (used + length >= NAME_BYTES)
            return false;
        memcpy(out + used, is_star ? stars[star++] : p, length);
        used += length;
    }
    out[used] = '\0';
    return true;
}

static void understand(const char *name, const cairn_name_rule *rules, entry *e)
{
    size_t length = strlen(name);
    if (length > 2 && strcmp(name + length - 2, ":0") == 0)
        length -= 2;
    size_t split = length;
    while (split > 0 && !is_separator(name[split - 1]))
        split--;
    e->in_memory = false;
    snprintf(e->kind, sizeof e->kind, "%.*s", (int)(length - split), name + split);
    snprintf(e->layer, sizeof e->layer, "%.*s", split > 0 ? (int)split - 1 : 0, name);
    for (size_t i = 0; i < CAIRN_COUNT(words); i++)
        if (strcmp(e->kind, words[i].theirs) == 0) {
            snprintf(e->kind, sizeof e->kind, "%s", words[i].ours);
            e->in_memory = words[i].in_memory;
            break;
        }
    for (const cairn_name_rule *r = rules; r != NULL && r->theirs != NULL; r++) {
        char renamed[NAME_BYTES];
        if (rename_by(r, e->layer, renamed)) {
            memcpy(e->layer, renamed, sizeof renamed);
            break;
        }
    }
}

/* ---- counted layers ---- */

static const struct counted {
    const char *keras, *op, *op_in_training;
} counted[] = {{"conv2d", "conv2d", "conv2d"},
               {"batch_normalization", "batchnorm", "batchnorm_train"},
               {"dense", "linear", "linear"}};

/* The number of a counted layer's name: conv2d is 0, conv2d_7 is 7; -1: it is none. */
static long counter_of(const char *layer, const char *keras)
{
    size_t length = strlen(keras);
    if (strncmp(layer, keras, length) != 0)
        return -1;
    if (layer[length] == '\0')
        return 0;
    char *end;
    long number = layer[length] == '_' && layer[length + 1] >= '0' && layer[length + 1] <= '9'
                      ? strtol(layer + length + 1, &end, 10)
                      : -1;
    return number >= 0 && *end == '\0' ? number : -1;
}

static bool has_layer(const entry *entries, int count, const char *layer)
{
    for (int i = 0; i < count; i++)
        if (strcmp(entries[i].layer, layer) == 0)
            return true;
    return false;
}

static int compare_numbers(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return x < y ? -1 : x > y;
}

/* Gives the counted layers of one kind the names of the graph's layers of that kind, in order; layers that the
 * file names in full are left out. */
static cairn_status name_counted(cairn_ctx *ctx, const cairn_graph *graph, const struct counted *kind,
                                 entry *entries, int count)
{
    long *numbers = cairn_alloc(ctx, (size_t)count + 1, sizeof *numbers);
    if (numbers == NULL)
        return CAIRN_MEMORY;
    int different = 0, nodes = cairn_node_count(graph);
    for (int i = 0; i < count; i++) {
        long number = counter_of(entries[i].layer, kind->keras);
        bool known = number < 0;
        for (int k = 0; k < different && !known; k++)
            known = numbers[k] == number;
        if (!known)
            numbers[different++] = number;
    }
    qsort(numbers, (size_t)different, sizeof *numbers, compare_numbers);
    cairn_name_rule *rules = cairn_alloc(ctx, (size_t)different + 1, sizeof *rules);
    int next = 0;
    for (int n = 0; rules != NULL && n < nodes && next < different; n++) {
        cairn_node_info info = cairn_node_at(graph, n);
        if ((strcmp(info.op, kind->op) == 0 || strcmp(info.op, kind->op_in_training) == 0) &&
            (counter_of(info.name, kind->keras) >= 0 || !has_layer(entries, count, info.name)))
            rules[next++].ours = info.name;
    }
    for (int i = 0; rules != NULL && i < count; i++) {
        long number = counter_of(entries[i].layer, kind->keras);
        for (int k = 0; k < next && number >= 0; k++)
            if (numbers[k] == number) {
                snprintf(entries[i].layer, sizeof entries[i].layer, "%s", rules[k].ours);
                break;
            }
    }
    cairn_free(ctx, numbers);
    cairn_free(ctx, rules);
    return rules == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

/* ---- matching ---- */

static void match(const cairn_graph *graph, const cairn_weights *weights, const entry *entries,
                  cairn_tensor *found, bool *used)
{
    int params = cairn_param_count(graph), count = cairn_weights_count(weights);
    for (int p = 0; p < params; p++) {
        cairn_param_info param = cairn_param_at(graph, p);
        found[p] = (cairn_tensor){0};
        for (int i = 0; i < count; i++) {
            const cairn_tensor *tensor = cairn_weights_at(weights, i);
            if (strcmp(param.name, entries[i].name) != 0 && strcmp(param.name, tensor->name) != 0)
                continue;
            found[p] = *tensor;
            used[i] = true;
            if (entries[i].in_memory && tensor->layout == CAIRN_LAYOUT_PLAIN &&
                tensor->shape.rank == param.shape.rank)
                found[p].layout = cairn_layout_of(&param.shape);
            break;
        }
    }
}

cairn_status cairn_names_match(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                               const cairn_weights *weights, cairn_tensor *found, bool *used)
{
    int count = cairn_weights_count(weights);
    entry *entries = cairn_alloc(ctx, (size_t)count + 1, sizeof *entries);
    if (entries == NULL)
        return CAIRN_MEMORY;
    for (int i = 0; i < count; i++)
        understand(cairn_weights_at(weights, i)->name, rules, &entries[i]);
    cairn_status status = CAIRN_OK;
    for (size_t k = 0; k < CAIRN_COUNT(counted) && status == CAIRN_OK; k++)
        status = name_counted(ctx, graph, &counted[k], entries, count);
    for (int i = 0; i < count; i++)
        snprintf(entries[i].name, sizeof entries[i].name, "%s.%s", entries[i].layer, entries[i].kind);
    if (status == CAIRN_OK)
        match(graph, weights, entries, found, used);
    cairn_free(ctx, entries);
    return status;
}
