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
    bool in_memory, renamed;
} entry;

static bool is_separator(char c)
{
    return c == '.' || c == '/';
}

/* What a star or a number sign of a pattern stands for. */
typedef struct capture {
    const char *text;
    size_t length;
} capture;

#define MOST_CAPTURES 8
#define DIGITS "0123456789"

/* Fills captures in order; -1: the text does not fit the pattern. */
static int fit_pattern(const char *pattern, const char *text, capture captures[MOST_CAPTURES])
{
    int count = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '*' && *pattern != '#') {
            if (*pattern != *text++)
                return -1;
            continue;
        }
        size_t length = *pattern == '#' ? strspn(text, DIGITS) : 0;
        char stop = pattern[1]; /* a star goes up to it or to the next separator */
        while (*pattern == '*' && text[length] != '\0' && !is_separator(text[length]) &&
               (stop == '\0' || stop == '*' || text[length] != stop))
            length++;
        if (length == 0 || count == MOST_CAPTURES)
            return -1;
        captures[count++] = (capture){text, length};
        text += length;
    }
    return *text == '\0' ? count : -1;
}

/* Does `theirs` fit the text? What its stars and number signs stand for goes to `ours`, in order. */
static bool rename_by(const cairn_name_rule *rule, const char *text, char out[NAME_BYTES])
{
    capture captures[MOST_CAPTURES];
    int count = fit_pattern(rule->theirs, text, captures), next = 0;
    size_t used = 0;
    if (count < 0)
        return false;
    for (const char *p = rule->ours; *p != '\0'; p++) {
        capture piece = {p, 1};
        char number[24];
        if ((*p == '*' || *p == '#') && next < count)
            piece = captures[next++];
        if (*p == '#') { /* they count from 0 */
            snprintf(number, sizeof number, "%ld", strtol(piece.text, NULL, 10) % INT32_MAX + 1);
            piece = (capture){number, strlen(number)};
        }
        if (used + piece.length >= NAME_BYTES)
            return false;
        memcpy(out + used, piece.text, piece.length);
        used += piece.length;
    }
    out[used] = '\0';
    return true;
}

/* What training wraps a network in, in any order and as often as it likes. */
static const char *unwrap(const char *name)
{
    static const char *const wrappers[] = {"_orig_mod.", "module.", "model.", "backbone."};
    for (size_t i = 0; i < CAIRN_COUNT(wrappers); i++) {
        size_t length = strlen(wrappers[i]);
        if (strncmp(name, wrappers[i], length) == 0) {
            name += length;
            i = (size_t)-1; /* all of them once more */
        }
    }
    return name;
}

static void understand(const char *name, const cairn_name_rule *rules, entry *e)
{
    name = unwrap(name);
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
            e->renamed = true;
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

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* named[n]: the file names the graph's layer n in full. */
static cairn_status find_named(cairn_ctx *ctx, const cairn_graph *graph, const entry *entries, int count,
                               bool *named)
{
    const char **layers = cairn_alloc(ctx, (size_t)count + 1, sizeof *layers);
    if (layers == NULL)
        return CAIRN_MEMORY;
    for (int i = 0; i < count; i++)
        layers[i] = entries[i].layer;
    qsort(layers, (size_t)count, sizeof *layers, compare_texts);
    for (int n = 0; n < cairn_node_count(graph); n++) {
        const char *name = cairn_node_at(graph, n).name;
        named[n] = bsearch(&name, layers, (size_t)count, sizeof *layers, compare_texts) != NULL;
    }
    cairn_free(ctx, layers);
    return CAIRN_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return x < y ? -1 : x > y;
}

/* The different numbers that counted layers of one kind have, in order; how many. */
static int list_numbers(const struct counted *kind, const entry *entries, int count, long *numbers)
{
    int used = 0, different = 0;
    for (int i = 0; i < count; i++) {
        long number = counter_of(entries[i].layer, kind->keras);
        if (number >= 0)
            numbers[used++] = number;
    }
    qsort(numbers, (size_t)used, sizeof *numbers, compare_numbers);
    for (int i = 0; i < used; i++)
        if (different == 0 || numbers[different - 1] != numbers[i])
            numbers[different++] = numbers[i];
    return different;
}

/* Gives the counted layers of one kind the names of the graph's layers of that kind, in order; layers that
 * the file names in full are left out. A file may have a great many layers: no loop over them in another. */
static cairn_status name_counted(cairn_ctx *ctx, const cairn_graph *graph, const struct counted *kind,
                                 const bool *named, entry *entries, int count)
{
    int next = 0, nodes = cairn_node_count(graph);
    long *numbers = cairn_alloc(ctx, (size_t)count + 1, sizeof *numbers);
    const char **ours = cairn_alloc(ctx, (size_t)nodes + 1, sizeof *ours);
    bool made = numbers != NULL && ours != NULL;
    int different = made ? list_numbers(kind, entries, count, numbers) : 0;
    for (int n = 0; made && n < nodes && next < different; n++) {
        cairn_node_info info = cairn_node_at(graph, n);
        if ((strcmp(info.op, kind->op) == 0 || strcmp(info.op, kind->op_in_training) == 0) &&
            (counter_of(info.name, kind->keras) >= 0 || !named[n]))
            ours[next++] = info.name;
    }
    for (int i = 0; made && i < count; i++) {
        long number = counter_of(entries[i].layer, kind->keras);
        const long *place =
            number < 0 ? NULL : bsearch(&number, numbers, (size_t)next, sizeof number, compare_numbers);
        if (place != NULL)
            snprintf(entries[i].layer, sizeof entries[i].layer, "%s", ours[place - numbers]);
    }
    cairn_free(ctx, numbers);
    cairn_free(ctx, ours);
    return made ? CAIRN_OK : CAIRN_MEMORY;
}

/* ---- matching ---- */

/* Counters of other libraries, and auxiliary heads where the network is built without. */
static bool is_ignorable(const char *name)
{
    static const char suffix[] = "num_batches_tracked";
    static const char *const heads[] = {"aux1.", "aux2.", "AuxLogits.", "loss1/", "loss2/"};
    size_t length = strlen(name);
    for (size_t i = 0; i < CAIRN_COUNT(heads); i++)
        if (strncmp(name, heads[i], strlen(heads[i])) == 0)
            return true;
    return length >= sizeof suffix - 1 && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

/* One of a tensor's two names, its own and the understood one. */
typedef struct alias {
    const char *name;
    int tensor;
} alias;

static int compare_aliases(const void *a, const void *b)
{
    const alias *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : x->tensor - y->tensor;
}

/* The first tensor of that name; -1: none. */
static int find_alias(const alias *aliases, size_t count, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(aliases[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(aliases[low].name, name) == 0 ? aliases[low].tensor : -1;
}

/* A tensor as the parameter takes it: Keras' kernels lie as in memory, and a dense layer may stand in the
 * file as the convolution that does the same, or the other way round. */
static cairn_tensor adapt(const cairn_tensor *tensor, const entry *e, const cairn_shape *wanted)
{
    cairn_tensor t = *tensor;
    int64_t *d = t.shape.dim;
    if (t.layout != CAIRN_LAYOUT_PLAIN)
        return t;
    if (e->in_memory && t.shape.rank == wanted->rank)
        t.layout = cairn_layout_of(wanted);
    /* a window larger than a pixel has the channel slowest; that the layer wants so too, a rule must know */
    else if (t.shape.rank == 4 && wanted->rank == 2 && (e->renamed || d[2] * d[3] == 1))
        t.shape = (cairn_shape){.rank = 2, .dim = {d[0], d[1] * d[2] * d[3]}};
    else if (t.shape.rank == 2 && wanted->rank == 4 && wanted->dim[0] * wanted->dim[1] == 1)
        t.shape = (cairn_shape){.rank = 4, .dim = {d[0], d[1], 1, 1}};
    return t;
}

static cairn_status match(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *weights,
                          const entry *entries, cairn_tensor *found, bool *used)
{
    int params = cairn_param_count(graph), count = cairn_weights_count(weights);
    alias *aliases = cairn_alloc(ctx, 2 * (size_t)count + 1, sizeof *aliases);
    if (aliases == NULL)
        return CAIRN_MEMORY;
    for (int i = 0; i < count; i++) {
        aliases[2 * i] = (alias){cairn_weights_at(weights, i)->name, i};
        aliases[2 * i + 1] = (alias){entries[i].name, i};
    }
    qsort(aliases, 2 * (size_t)count, sizeof *aliases, compare_aliases);
    for (int p = 0; p < params; p++) {
        cairn_param_info param = cairn_param_at(graph, p);
        int i = find_alias(aliases, 2 * (size_t)count, param.name);
        found[p] = (cairn_tensor){0};
        if (i < 0)
            continue;
        found[p] = adapt(cairn_weights_at(weights, i), &entries[i], &param.shape);
        used[i] = true;
    }
    cairn_free(ctx, aliases);
    return CAIRN_OK;
}

cairn_status cairn_names_match(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                               const cairn_weights *weights, cairn_tensor *found, bool *used)
{
    int count = cairn_weights_count(weights);
    entry *entries = cairn_alloc(ctx, (size_t)count + 1, sizeof *entries);
    bool *named = cairn_alloc(ctx, (size_t)cairn_node_count(graph) + 1, sizeof *named);
    cairn_status status = entries == NULL || named == NULL ? CAIRN_MEMORY : CAIRN_OK;
    for (int i = 0; i < count && status == CAIRN_OK; i++)
        understand(cairn_weights_at(weights, i)->name, rules, &entries[i]);
    if (status == CAIRN_OK)
        status = find_named(ctx, graph, entries, count, named);
    for (size_t k = 0; k < CAIRN_COUNT(counted) && status == CAIRN_OK; k++)
        status = name_counted(ctx, graph, &counted[k], named, entries, count);
    for (int i = 0; i < count && status == CAIRN_OK; i++)
        snprintf(entries[i].name, sizeof entries[i].name, "%s.%s", entries[i].layer, entries[i].kind);
    if (status == CAIRN_OK)
        status = match(ctx, graph, weights, entries, found, used);
    for (int i = 0; i < count && status == CAIRN_OK; i++)
        used[i] = used[i] || is_ignorable(entries[i].name);
    cairn_free(ctx, entries);
    cairn_free(ctx, named);
    return status;
}
