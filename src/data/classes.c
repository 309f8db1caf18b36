/* The classes of a data set: their names, and which class of the set or of trained weights a folder or an
 * identifier is. */
#include "base/text.h"
#include "data/source.h"
#include <string.h>

cairn_status cairn_class_add(cairn_ctx *ctx, cairn_class_list *list, const char *name)
{
    if (list->count == CAIRN_MAX_CLASSES)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: too many classes (expected at most %d)", name,
                          CAIRN_MAX_CLASSES);
    char **longer = cairn_resize(ctx, list->name, (size_t)list->count + 1, sizeof *longer);
    if (longer == NULL)
        return CAIRN_MEMORY;
    list->name = longer;
    longer[list->count] = cairn_strdup(ctx, name);
    if (longer[list->count] == NULL)
        return CAIRN_MEMORY;
    list->count++;
    return CAIRN_OK;
}

static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; names != NULL && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* The weights' class of each class of a listing. */
static cairn_status map_to_weights(cairn_source *source, const char *folder, const cairn_class_list *classes,
                                   int32_t *to)
{
    const cairn_dataset_options *o = source->options;
    int missing = -1;
    for (int i = 0; i < classes->count; i++) {
        const char *name = classes->name[i];
        to[i] = find_name(o->class_ids, o->classes, name);
        if (to[i] < 0)
            to[i] = find_name(o->class_names, o->classes, name);
        if (to[i] < 0 && missing < 0)
            missing = i;
    }
    source->mapped = missing < 0;
    if (missing < 0)
        return CAIRN_OK;
    if (!cairn_names_are_numbers(o->class_names, o->classes))
        return cairn_fail(
            source->ctx, CAIRN_INPUT,
            "%s: class '%s' is not known to the weights (expected their %d labels or identifiers)", folder,
            classes->name[missing], o->classes);
    if (classes->count != o->classes)
        return cairn_fail(source->ctx, CAIRN_INPUT, "%s: %d classes (expected %d, of weights without labels)",
                          folder, classes->count, o->classes);
    for (int i = 0; i < classes->count; i++)
        to[i] = i;
    return CAIRN_OK;
}

/* The set's own classes are those of the part that was listed first. */
static cairn_status map_to_set(cairn_source *source, const char *folder, const cairn_class_list *classes,
                               int32_t *to)
{
    cairn_status status = CAIRN_OK;
    bool first = source->classes.count == 0;
    for (int i = 0; status == CAIRN_OK && i < classes->count; i++) {
        const char *name = classes->name[i];
        if (first)
            status = cairn_class_add(source->ctx, &source->classes, name);
        to[i] = first ? i : find_name((const char *const *)source->classes.name, source->classes.count, name);
        if (to[i] < 0)
            status = cairn_fail(source->ctx, CAIRN_INPUT, "%s: class '%s' is not in the training part",
                                folder, name);
    }
    return status;
}

cairn_status cairn_class_map(cairn_source *source, const char *folder, const cairn_class_list *classes,
                             int32_t *labels, size_t count)
{
    bool by_weights = source->options != NULL && source->options->class_names != NULL;
    if (classes->count == 0) { /* the labels are numbers already */
        source->mapped = by_weights;
        return CAIRN_OK;
    }
    int32_t *to = cairn_alloc(source->ctx, (size_t)classes->count, sizeof *to);
    if (to == NULL)
        return CAIRN_MEMORY;
    cairn_status status =
        by_weights ? map_to_weights(source, folder, classes, to) : map_to_set(source, folder, classes, to);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++)
        labels[i] = to[labels[i]];
    cairn_free(source->ctx, to);
    return status;
}
