/* Pictures that lie in one folder: their classes come from val.txt ("NAME INDEX" a line), from
 * ILSVRC2012_validation_ground_truth.txt (a number a line and picture, counted as in map_clsloc.txt), or from
 * the ImageNet identifier in each name ("n01440764_tench.JPEG", "ILSVRC2012_val_00000293_n01440764.JPEG"). */
#include "base/file.h"
#include "base/text.h"
#include "data/listing.h"
#include <stdlib.h>
#include <string.h>

#define MOST_LIST_BYTES ((size_t)64 << 20)
#define ID_LENGTH 9 /* n and eight digits */

/* ---- identifiers in names ---- */

static bool is_id(const char *text)
{
    return text[0] == 'n' && strspn(text + 1, "0123456789") >= ID_LENGTH - 1 &&
           strchr("_. \t", text[ID_LENGTH]) != NULL;
}

/* The identifier that a file's name begins with or has before its ending. */
static bool find_id(const char *name, char id[ID_LENGTH + 1])
{
    const char *dot = strrchr(name, '.');
    const char *at = is_id(name) ? name : dot - name > ID_LENGTH ? dot - ID_LENGTH : NULL;
    if (at == NULL || !is_id(at))
        return false;
    memcpy(id, at, ID_LENGTH);
    id[ID_LENGTH] = '\0';
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Place of a name in a sorted list, -1 when it is not there. */
static int32_t place_of(const cairn_class_list *list, const char *name)
{
    char **found =
        list->count == 0 ? NULL : bsearch(&name, list->name, (size_t)list->count, sizeof name, compare_texts);
    return found == NULL ? -1 : (int32_t)(found - list->name);
}

/* Sorted and each once. */
static void sort_classes(cairn_ctx *ctx, cairn_class_list *list)
{
    int kept = 0;
    qsort(list->name, (size_t)list->count, sizeof *list->name, compare_texts);
    for (int i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->name[kept - 1], list->name[i]) == 0)
            cairn_free(ctx, list->name[i]);
        else
            list->name[kept++] = list->name[i];
    }
    list->count = kept;
}

static cairn_status collect_ids(cairn_listing *listing, char *const *names, size_t count)
{
    char id[ID_LENGTH + 1], before[ID_LENGTH + 1] = "";
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        if (!cairn_picture_name(names[i]))
            continue;
        if (!find_id(names[i], id))
            return cairn_fail(listing->ctx, CAIRN_INPUT,
                              "%s/%s: its class is not known (expected a folder for each class, val.txt, or "
                              "names such as n01440764_tench.jpg)",
                              listing->folder, names[i]);
        if (strcmp(id, before) != 0)
            status = cairn_class_add(listing->ctx, &listing->classes, id);
        memcpy(before, id, sizeof id);
    }
    if (status == CAIRN_OK)
        sort_classes(listing->ctx, &listing->classes);
    return status;
}

static cairn_status add_by_id(cairn_listing *listing, char *const *names, size_t count)
{
    char id[ID_LENGTH + 1];
    cairn_status status = collect_ids(listing, names, count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++)
        if (cairn_picture_name(names[i]) && find_id(names[i], id))
            status = cairn_listing_add(listing, cairn_path_join(listing->ctx, listing->folder, names[i]),
                                       place_of(&listing->classes, id));
    return status;
}

/* ---- lists ---- */

/* A whole number that fits a class. */
static bool read_label(const char *text, int32_t *label)
{
    double value;
    if (text == NULL || !cairn_number_parse(text, &value) || value < 0 || value >= CAIRN_MAX_CLASSES)
        return false;
    *label = (int32_t)value;
    return (double)*label == value;
}

/* The text of a file beside the pictures; *text NULL when there is none. */
static cairn_status read_list(const cairn_listing *listing, const char *name, char **text)
{
    char *path = cairn_path_join(listing->ctx, listing->folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : CAIRN_OK;
    *text = NULL;
    if (status == CAIRN_OK && cairn_path_look(path) != CAIRN_PATH_MISSING)
        status = cairn_file_read_text(listing->ctx, path, MOST_LIST_BYTES, text);
    cairn_free(listing->ctx, path);
    return status;
}

/* val.txt: a name and a class's number a line. */
static cairn_status add_by_list(cairn_listing *listing, char *text)
{
    cairn_status status = CAIRN_OK;
    char *rest = NULL;
    long number = 1;
    for (char *line = strtok_r(text, "\r\n", &rest); status == CAIRN_OK && line != NULL;
         line = strtok_r(NULL, "\r\n", &rest), number++) {
        char *part = NULL, *name = strtok_r(line, " \t", &part), *index = strtok_r(NULL, " \t", &part);
        int32_t label;
        if (name == NULL)
            continue;
        if (!read_label(index, &label) || name[0] == '/' || strstr(name, "..") != NULL)
            return cairn_fail(listing->ctx, CAIRN_INPUT,
                              "%s/val.txt: line %ld (expected a picture's name and a "
                              "class's number)",
                              listing->folder, number);
        status = cairn_listing_add(listing, cairn_path_join(listing->ctx, listing->folder, name), label);
    }
    return status;
}

/* map_clsloc.txt, of the data set's own tools: identifier, number from 1, name. Its classes in that order. */
static cairn_status read_map(cairn_listing *listing)
{
    char *text, *rest = NULL;
    cairn_status status = read_list(listing, "map_clsloc.txt", &text);
    if (status == CAIRN_OK && text == NULL)
        status = cairn_fail(listing->ctx, CAIRN_INPUT,
                            "%s: map_clsloc.txt is missing (expected beside the ground truth: it tells the "
                            "identifier of each number)",
                            listing->folder);
    for (char *line = status == CAIRN_OK ? strtok_r(text, "\r\n", &rest) : NULL;
         status == CAIRN_OK && line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        char *part = NULL, *id = strtok_r(line, " \t", &part);
        int32_t number;
        if (!read_label(strtok_r(NULL, " \t", &part), &number) || number != listing->classes.count + 1)
            status = cairn_fail(listing->ctx, CAIRN_INPUT,
                                "%s/map_clsloc.txt: line %d (expected an identifier "
                                "and its number)",
                                listing->folder, listing->classes.count + 1);
        else
            status = cairn_class_add(listing->ctx, &listing->classes, id);
    }
    cairn_free(listing->ctx, text);
    return status;
}

/* The ground truth: a number a line, for the pictures in the order of their names. */
static cairn_status add_by_truth(cairn_listing *listing, char *text, char *const *names, size_t count)
{
    cairn_status status = read_map(listing);
    char *rest = NULL, *line = strtok_r(text, "\r\n", &rest);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        int32_t number;
        if (!cairn_picture_name(names[i]))
            continue;
        if (!read_label(line, &number) || number < 1 || number > listing->classes.count)
            return cairn_fail(listing->ctx, CAIRN_INPUT,
                              "%s: the ground truth of picture %zu (expected a number from 1 to %d)",
                              listing->folder, listing->count + 1, listing->classes.count);
        status =
            cairn_listing_add(listing, cairn_path_join(listing->ctx, listing->folder, names[i]), number - 1);
        line = strtok_r(NULL, "\r\n", &rest);
    }
    if (status == CAIRN_OK && line != NULL)
        status = cairn_fail(listing->ctx, CAIRN_INPUT, "%s: more lines of ground truth than pictures (%zu)",
                            listing->folder, listing->count);
    return status;
}

cairn_status cairn_listing_flat(cairn_listing *listing, char *const *names, size_t count)
{
    char *list = NULL, *truth = NULL;
    cairn_status status = read_list(listing, "val.txt", &list);
    if (status == CAIRN_OK)
        status = read_list(listing, "ILSVRC2012_validation_ground_truth.txt", &truth);
    if (status == CAIRN_OK && list != NULL)
        status = add_by_list(listing, list);
    else if (status == CAIRN_OK && truth != NULL)
        status = add_by_truth(listing, truth, names, count);
    else if (status == CAIRN_OK)
        status = add_by_id(listing, names, count);
    cairn_free(listing->ctx, list);
    cairn_free(listing->ctx, truth);
    return status;
}
