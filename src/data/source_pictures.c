/* Data sets of pictures in folders: which folder is which part. */
#include "base/file.h"
#include "data/listing.h"

const char *const cairn_train_folders[] = {"train", NULL};
const char *const cairn_test_folders[] = {"val", "valid", "validation", "test", NULL};

static cairn_status read_part(cairn_source *source, const char *folder, cairn_part *part)
{
    cairn_listing listing = {.ctx = source->ctx,
                             .folder = folder,
                             .natural = source->options != NULL && source->options->natural_order};
    cairn_status status = cairn_listing_read(&listing);
    if (status == CAIRN_OK && listing.count > 0)
        status = cairn_class_map(source, folder, &listing.classes, listing.labels, listing.count);
    if (status == CAIRN_OK && listing.count > 0) {
        *part =
            (cairn_part){.count = (int64_t)listing.count, .names = listing.files, .labels = listing.labels};
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
    bool has_train, has_test;
    bool splits = source->options != NULL && source->options->val_split > 0;
    source->h = source->w = 0;
    source->c = 3;
    cairn_status status = read_first(source, cairn_train_folders, &source->train, &has_train);
    if (status == CAIRN_OK)
        status = read_first(source, cairn_test_folders, &source->test, &has_test);
    if (status == CAIRN_OK && !has_train && !has_test)
        status = read_part(source, source->path, splits ? &source->train : &source->test);
    return status;
}
