/* Data sets of pictures in folders: which folder is which part, and which class of the whole set each folder
 * or identifier is. */
#include "base/file.h"
#include "base/text.h"
#include "data/listing.h"
#include <string.h>

/* ---- classes ---- */

static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; names != NULL && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* The weights' class of each class of a listing. */
static cairn_status map_to_weights(cairn_source *source, const cairn_listing *listing, int32_t *to)
{
    const cairn_dataset_options *o = source->options;
    int missing = -1;
    for (int i = 0; i < listing->classes.count; i++) {
        const char *name = listing->classes.name[i];
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
            "%s: class '%s' is not known to the weights (expected their %d labels or identifiers)",
            listing->folder, listing->classes.name[missing], o->classes);
    if (listing->classes.count != o->classes)
        return cairn_fail(source->ctx, CAIRN_INPUT, "%s: %d classes (expected %d, of weights without labels)",
                          listing->folder, listing->classes.count, o->classes);
    for (int i = 0; i < listing->classes.count; i++)
        to[i] = i;
    return CAIRN_OK;
}

/* The set's own classes are those of the part that was listed first. */
static cairn_status map_to_set(cairn_source *source, const cairn_listing *listing, int32_t *to)
{
    cairn_status status = CAIRN_OK;
    bool first = source->classes.count == 0;
    for (int i = 0; status == CAIRN_OK && i < listing->classes.count; i++) {
        const char *name = listing->classes.name[i];
        if (first)
            status = cairn_class_add(source->ctx, &source->classes, name);
        to[i] = first ? i : find_name((const char *const *)source->classes.name, source->classes.count, name);
        if (to[i] < 0)
            status = cairn_fail(source->ctx, CAIRN_INPUT, "%s: class '%s' is not in the training part",
                                listing->folder, name);
    }
    return status;
}

static cairn_status map_labels(cairn_source *source, cairn_listing *listing)
{
    bool by_weights = source->options != NULL && source->options->class_names != NULL;
    if (listing->classes.count == 0) { /* the labels are numbers already */
        source->mapped = by_weights;
        return CAIRN_OK;
    }
    int32_t *to = cairn_alloc(source->ctx, (size_t)listing->classes.count, sizeof *to);
    if (to == NULL)
        return CAIRN_MEMORY;
    cairn_status status = by_weights ? map_to_weights(source, listing, to) : map_to_set(source, listing, to);
    for (size_t i = 0; status == CAIRN_OK && i < listing->count; i++)
        listing->labels[i] = to[listing->labels[i]];
    cairn_free(source->ctx, to);
    return status;
}

/* ---- parts ---- */

static cairn_status read_part(cairn_source *source, const char *folder, cairn_part *part)
{
    cairn_listing listing = {.ctx = source->ctx,
                             .folder = folder,
                             .natural = source->options != NULL && source->options->natural_order};
    cairn_status status = cairn_listing_read(&listing);
    if (status == CAIRN_OK && listing.count > 0)
        status = map_labels(source, &listing);
    if (status == CAIRN_OK && listing.count > 0) {
        *part =
            (cairn_part){.count = (int64_t)listing.count, .files = listing.files, .labels = listing.labels};
        listing.files = NULL;
        listing.labels = NULL;
        listing.count = 0;
    }
    cairn_listing_free(&listing);
    return status;
}

/* Reads the first of some folders that is there. */
static cairn_status read_first(cairn_source *source, const char *const *names, cairn_part *part, bool *found)
{
    cairn_status status = CAIRN_OK;
    *found = false;
    for (; status == CAIRN_OK && *names != NULL && !*found; names++) {
        char *folder = cairn_path_join(source->ctx, source->path, *names);
        if (folder == NULL)
            return CAIRN_MEMORY;
        *found = cairn_path_look(folder) == CAIRN_PATH_FOLDER;
        if (*found)
            status = read_part(source, folder, part);
        cairn_free(source->ctx, folder);
    }
    return status;
}

cairn_status cairn_source_pictures(cairn_source *source)
{
    static const char *const train[] = {"train", NULL};
    static const char *const test[] = {"val", "valid", "validation", "test", NULL};
    bool has_train, has_test;
    bool splits = source->options != NULL && source->options->val_split > 0;
    source->h = source->w = 0;
    source->c = 3;
    cairn_status status = read_first(source, train, &source->train, &has_train);
    if (status == CAIRN_OK)
        status = read_first(source, test, &source->test, &has_test);
    if (status == CAIRN_OK && !has_train && !has_test)
        status = read_part(source, source->path, splits ? &source->train : &source->test);
    return status;
}
