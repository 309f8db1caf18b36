/* The data sets that are known by name. Searched are, each with the set's name below it: the folders in
 * $CAIRN_DATA (between colons), ./data, /usr/local/share/datasets and /usr/share/datasets. */
#include "data/locate.h"
#include "base/file.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

static const cairn_known_set known_sets[] = {
    {"fashion-mnist",
     10,
     {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot"}},
    {"mnist", 10, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
    {"cifar10",
     10,
     {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}},
    {"cifar100", 100, {NULL}}, /* its folder has their names */
};

const cairn_known_set *cairn_known_set_find(const char *name)
{
    for (size_t i = 0; i < CAIRN_COUNT(known_sets); i++)
        if (strcmp(known_sets[i].name, name) == 0)
            return &known_sets[i];
    return NULL;
}

/* A search under way: the places tried so far, and the one that is there. */
typedef struct search {
    const char *name;
    cairn_text tried;
    char *found;
} search;

static void try_place(search *s, const char *folder, size_t length)
{
    if (s->found != NULL || s->tried.failed || length == 0)
        return;
    cairn_text place = {.ctx = s->tried.ctx};
    cairn_text_add_bytes(&place, folder, length);
    cairn_text_format(&place, "/%s", s->name);
    if (place.failed) {
        s->tried.failed = true;
        cairn_free(place.ctx, place.data);
        return;
    }
    cairn_text_format(&s->tried, "%s%s", s->tried.size > 0 ? ", " : "", place.data);
    if (cairn_path_look(place.data) == CAIRN_PATH_FOLDER)
        s->found = place.data;
    else
        cairn_free(place.ctx, place.data);
}

static cairn_status search_known(cairn_ctx *ctx, const char *name, char **path)
{
    static const char *const fixed[] = {"data", "/usr/local/share/datasets", "/usr/share/datasets"};
    search s = {.name = name, .tried = {.ctx = ctx}};
    for (const char *at = getenv("CAIRN_DATA"); at != NULL;) {
        size_t length = strcspn(at, ":");
        try_place(&s, at, length);
        at = at[length] == ':' ? at + length + 1 : NULL;
    }
    for (size_t i = 0; i < CAIRN_COUNT(fixed); i++)
        try_place(&s, fixed[i], strlen(fixed[i]));
    cairn_status status;
    if (s.tried.failed)
        status = CAIRN_MEMORY;
    else if (s.found == NULL)
        status = cairn_fail(ctx, CAIRN_IO, "data set '%s' not found (searched %s)", name, s.tried.data);
    else
        status = cairn_path_absolute(ctx, s.found, path);
    cairn_free(ctx, s.found);
    cairn_free(ctx, s.tried.data);
    return status;
}

static cairn_status fail_unknown(cairn_ctx *ctx, const char *name)
{
    const char *names[CAIRN_COUNT(known_sets)];
    for (size_t i = 0; i < CAIRN_COUNT(known_sets); i++)
        names[i] = known_sets[i].name;
    const char *nearest = cairn_nearest_name(name, names, CAIRN_COUNT(names));
    if (nearest != NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "unknown data set '%s' (did you mean '%s'?)", name, nearest);
    return cairn_fail(ctx, CAIRN_USAGE,
                      "unknown data set '%s' (expected fashion-mnist, mnist, cifar10, cifar100 or a folder)",
                      name);
}

cairn_status cairn_dataset_locate(cairn_ctx *ctx, const char *name_or_folder, char **name, char **path)
{
    cairn_status status;
    cairn_path_kind kind = cairn_path_look(name_or_folder);
    bool known = cairn_known_set_find(name_or_folder) != NULL;
    *name = *path = NULL;
    if (known)
        status = search_known(ctx, name_or_folder, path);
    else if (kind == CAIRN_PATH_MISSING && strchr(name_or_folder, '/') == NULL)
        status = fail_unknown(ctx, name_or_folder);
    else if (kind == CAIRN_PATH_FILE || kind == CAIRN_PATH_OTHER)
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: is not a folder", name_or_folder);
    else
        status = cairn_path_absolute(ctx, name_or_folder, path);
    if (status != CAIRN_OK)
        return status;
    *name = cairn_strdup(ctx, known ? name_or_folder : strrchr(*path, '/') + 1);
    return *name == NULL ? CAIRN_MEMORY : CAIRN_OK; /* the caller frees the path either way */
}
