/* Recipes: finding, reading, and what they say of themselves. A recipe is a JSON object:
 *     "about"     a line for people
 *     "source"    where its numbers come from
 *     "paper_of"  networks whose paper's recipe it is, "resnet*" for all that begin so
 *     "settings"  keys of settings.def and their values */
#include "train/recipe.h"
#include "base/file.h"
#include "train/config_json.h"
#include <string.h>

#define MAX_RECIPE ((size_t)1 << 20)

static int count_files(void)
{
    int count = 0;
    while (cairn_recipe_files[count].name != NULL)
        count++;
    return count;
}

static cairn_status parse(cairn_ctx *ctx, const char *name, const void *text, size_t size, json_t **root)
{
    cairn_status status = cairn_json_parse(ctx, name, text, size, CAIRN_JSON_SMALL_LIMITS, root);
    if (status == CAIRN_OK && !json_is_object(json_object_get(*root, "settings")))
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: 'settings': expected an object, found %s", name,
                            json_object_get(*root, "settings") == NULL ? "nothing" : "something else");
    return status;
}

static bool names_network(const json_t *patterns, const char *network)
{
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        size_t length = pattern == NULL ? 0 : strlen(pattern);
        if (length > 0 && (pattern[length - 1] == '*' ? strncmp(pattern, network, length - 1)
                                                      : strcmp(pattern, network)) == 0)
            return true;
    }
    return false;
}

/* The recipe of a network's paper: of several that name it the one that does so by the longest pattern would
 * be a riddle, so that the files name each network once. */
static cairn_status find_paper(cairn_ctx *ctx, const char *network, const cairn_recipe_file **found)
{
    *found = NULL;
    for (const cairn_recipe_file *f = cairn_recipe_files; f->name != NULL && *found == NULL; f++) {
        json_t *root;
        cairn_status status = parse(ctx, f->name, f->text, f->size, &root);
        if (status == CAIRN_OK && names_network(json_object_get(root, "paper_of"), network))
            *found = f;
        json_decref(root);
        if (status != CAIRN_OK)
            return status;
    }
    return *found != NULL ? CAIRN_OK
                          : cairn_fail(ctx, CAIRN_USAGE, "recipe: there is none of the paper of %s", network);
}

static cairn_status find_named(cairn_ctx *ctx, const char *name, const cairn_recipe_file **found)
{
    const char *names[64] = {"paper"}; /* which is not a file but the network's own */
    size_t count = 1;
    char all[400] = "";
    for (const cairn_recipe_file *f = cairn_recipe_files; f->name != NULL && count < CAIRN_COUNT(names);
         f++) {
        names[count++] = f->name;
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "", f->name);
        if (strcmp(f->name, name) == 0) {
            *found = f;
            return CAIRN_OK;
        }
    }
    const char *nearest = cairn_nearest_name(name, names, count);
    if (nearest != NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "there is no recipe '%.64s' (did you mean '%s'?)", name, nearest);
    return cairn_fail(ctx, CAIRN_USAGE, "there is no recipe '%.64s' (expected paper, %s, or a file)", name,
                      all);
}

static cairn_status take_settings(cairn_ctx *ctx, const char *name, const json_t *settings,
                                  cairn_config *config)
{
    cairn_status status = CAIRN_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        cairn_setting_id id = cairn_setting_find(ctx, name, key, CAIRN_INPUT);
        if (id == CAIRN_SETTING_COUNT)
            return CAIRN_INPUT;
        status = cairn_setting_take_json(ctx, config, id, name, value, CAIRN_ORIGIN_RECIPE);
        if (status != CAIRN_OK)
            return status;
    }
    return status;
}

static cairn_status take(cairn_ctx *ctx, const char *name, const void *text, size_t size,
                         cairn_config *config)
{
    json_t *root;
    cairn_status status = parse(ctx, name, text, size, &root);
    if (status == CAIRN_OK)
        status = take_settings(ctx, name, json_object_get(root, "settings"), config);
    json_decref(root);
    config->recipe = status == CAIRN_OK ? cairn_strdup(ctx, name) : NULL;
    return status == CAIRN_OK && config->recipe == NULL ? CAIRN_MEMORY : status;
}

cairn_status cairn_recipe_take(cairn_ctx *ctx, const char *name, cairn_config *config)
{
    const cairn_recipe_file *file;
    size_t length = strlen(name);
    if (strchr(name, '/') != NULL || (length > 5 && strcmp(name + length - 5, ".json") == 0)) {
        uint8_t *text;
        size_t size;
        cairn_status status = cairn_file_read(ctx, name, MAX_RECIPE, &text, &size);
        if (status != CAIRN_OK)
            return status;
        status = take(ctx, name, text, size, config);
        cairn_free(ctx, text);
        return status;
    }
    cairn_status status = strcmp(name, "paper") == 0 ? find_paper(ctx, config->model->name, &file)
                                                     : find_named(ctx, name, &file);
    return status == CAIRN_OK ? take(ctx, file->name, file->text, file->size, config) : status;
}

/* ---- what the library says of them ---- */

int cairn_recipe_count(void)
{
    return count_files();
}

cairn_recipe_info cairn_recipe_at(int index)
{
    if (index < 0 || index >= count_files())
        return (cairn_recipe_info){0};
    return (cairn_recipe_info){cairn_recipe_files[index].name, cairn_recipe_files[index].about};
}
