/* Folders of pictures: the walk. In each class the pictures of a folder come before those of its folders, all
 * sorted by bytes, so that the order never depends on the system. */
#include "data/listing.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 32

void cairn_listing_free(cairn_listing *listing)
{
    cairn_names_free(listing->ctx, listing->files, listing->count);
    cairn_names_free(listing->ctx, listing->classes.name, (size_t)listing->classes.count);
    cairn_free(listing->ctx, listing->labels);
    *listing = (cairn_listing){.ctx = listing->ctx, .folder = listing->folder, .natural = listing->natural};
}

static cairn_status make_room(cairn_listing *listing)
{
    if (listing->count < listing->room)
        return CAIRN_OK;
    size_t room = listing->room == 0 ? 256 : 2 * listing->room;
    char **files = cairn_resize(listing->ctx, listing->files, room, sizeof *files);
    if (files == NULL)
        return CAIRN_MEMORY;
    listing->files = files;
    int32_t *labels = cairn_resize(listing->ctx, listing->labels, room, sizeof *labels);
    if (labels == NULL)
        return CAIRN_MEMORY;
    listing->labels = labels;
    listing->room = room;
    return CAIRN_OK;
}

cairn_status cairn_listing_add(cairn_listing *listing, char *path, int32_t label)
{
    cairn_status status = path == NULL ? CAIRN_MEMORY : make_room(listing);
    if (status != CAIRN_OK) {
        cairn_free(listing->ctx, path);
        return status;
    }
    listing->files[listing->count] = path;
    listing->labels[listing->count++] = label;
    return CAIRN_OK;
}

/* Whether a link leads back to where the walk came from. */
static cairn_status leads_back(cairn_ctx *ctx, const char *folder, const char *path, bool *back)
{
    *back = false;
    if (!cairn_path_is_link(path))
        return CAIRN_OK;
    char *here = NULL, *there = NULL;
    cairn_status status = cairn_path_absolute(ctx, folder, &here);
    if (status == CAIRN_OK)
        status = cairn_path_absolute(ctx, path, &there);
    size_t length = there == NULL ? 0 : strlen(there);
    if (status == CAIRN_OK)
        *back = strncmp(here, there, length) == 0 && (here[length] == '/' || here[length] == '\0');
    cairn_free(ctx, here);
    cairn_free(ctx, there);
    return status;
}

static cairn_status walk(cairn_listing *listing, const char *folder, int32_t label, int depth)
{
    cairn_ctx *ctx = listing->ctx;
    char **names;
    size_t count;
    if (depth == MOST_DEPTH)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: folders are nested too deeply (expected at most %d)", folder,
                          MOST_DEPTH);
    cairn_status status = cairn_folder_list(ctx, folder, &names, &count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++)
        if (cairn_picture_name(names[i])) {
            char *path = cairn_path_join(ctx, folder, names[i]);
            if (path != NULL && cairn_path_look(path) == CAIRN_PATH_FOLDER)
                cairn_free(ctx, path);
            else
                status = cairn_listing_add(listing, path, label);
        }
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        if (names[i][0] == '.')
            continue;
        char *path = cairn_path_join(ctx, folder, names[i]);
        bool back = true;
        if (path == NULL)
            status = CAIRN_MEMORY;
        else if (cairn_path_look(path) == CAIRN_PATH_FOLDER)
            status = leads_back(ctx, folder, path, &back);
        if (status == CAIRN_OK && !back)
            status = walk(listing, path, label, depth + 1);
        cairn_free(ctx, path);
    }
    cairn_names_free(ctx, names, count);
    return status;
}

/* The pictures of one class. */
static cairn_status add_class(cairn_listing *listing, const char *name)
{
    char *path = cairn_path_join(listing->ctx, listing->folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK)
        status = walk(listing, path, listing->classes.count, 0);
    if (status == CAIRN_OK)
        status = cairn_class_add(listing->ctx, &listing->classes, name);
    cairn_free(listing->ctx, path);
    return status;
}

/* Once some classes have pictures, the others should, too. */
static void warn_of_empty(const cairn_listing *listing)
{
    size_t at = 0;
    for (int i = 0; i < listing->classes.count; i++) {
        size_t first = at;
        while (at < listing->count && listing->labels[at] == i)
            at++;
        if (at == first)
            cairn_log(listing->ctx, CAIRN_LOG_WARNING, "%s/%s: no pictures in this class", listing->folder,
                      listing->classes.name[i]);
    }
}

static int compare_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Digits by value, letters whatever their case; what is equal then, by bytes. */
static int compare_natural(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    while (*x != '\0' && *y != '\0') {
        size_t zeros_x = strspn(x, "0"), zeros_y = strspn(y, "0");
        size_t digits_x = strspn(x + zeros_x, "0123456789"), digits_y = strspn(y + zeros_y, "0123456789");
        if (zeros_x + digits_x > 0 && zeros_y + digits_y > 0) {
            int order = digits_x != digits_y ? (digits_x < digits_y ? -1 : 1)
                                             : memcmp(x + zeros_x, y + zeros_y, digits_x);
            if (order != 0)
                return order;
            x += zeros_x + digits_x;
            y += zeros_y + digits_y;
            continue;
        }
        int order = strncasecmp(x, y, 1);
        if (order != 0)
            return order;
        x++;
        y++;
    }
    return *x != *y ? (*x == '\0' ? -1 : 1) : compare_bytes(a, b);
}

/* The names of the folder's own folders come first, those of its pictures behind. */
static cairn_status read_names(cairn_listing *listing, char **names, size_t count)
{
    cairn_ctx *ctx = listing->ctx;
    cairn_status status = CAIRN_OK;
    size_t pictures = 0;
    if (listing->natural && count > 0)
        qsort(names, count, sizeof *names, compare_natural);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        char *path = cairn_path_join(ctx, listing->folder, names[i]);
        bool folder = path != NULL && cairn_path_look(path) == CAIRN_PATH_FOLDER;
        if (path == NULL)
            status = CAIRN_MEMORY;
        else if (folder && names[i][0] != '.')
            status = add_class(listing, names[i]);
        pictures += !folder && cairn_picture_name(names[i]);
        cairn_free(ctx, path);
    }
    if (status == CAIRN_OK && listing->count > 0) {
        warn_of_empty(listing);
    } else if (status == CAIRN_OK && pictures > 0) {
        cairn_listing_free(listing);
        qsort(names, count, sizeof *names, compare_bytes);
        status = cairn_listing_flat(listing, names, count);
    }
    return status;
}

cairn_status cairn_listing_read(cairn_listing *listing)
{
    char **names;
    size_t count;
    cairn_status status = cairn_folder_list(listing->ctx, listing->folder, &names, &count);
    if (status != CAIRN_OK)
        return status;
    status = read_names(listing, names, count);
    cairn_names_free(listing->ctx, names, count);
    return status;
}
