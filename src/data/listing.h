/* The pictures of one part of a data set as files, each with its class. */
#ifndef CAIRN_DATA_LISTING_H
#define CAIRN_DATA_LISTING_H

#include "data/source.h"

typedef struct cairn_listing {
    cairn_ctx *ctx;
    const char *folder;
    bool natural; /* numbers in names of classes count by their value */
    char **files; /* paths, for cairn_free one by one */
    int32_t *labels;
    size_t count, room;
    cairn_class_list classes; /* by label; empty when labels are the classes' numbers themselves */
} cairn_listing;

/* Fills a listing whose ctx and folder are set: a folder for each class, or pictures right in the folder
 * whose names or a list beside them tell the class. No pictures at all is no error. cairn_listing_free it in
 * any case. CAIRN_IO, CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_listing_read(cairn_listing *listing);
void cairn_listing_free(cairn_listing *listing);

/* ---- of the two files of it ---- */

/* Takes the path. CAIRN_MEMORY frees it. */
cairn_status cairn_listing_add(cairn_listing *listing, char *path, int32_t label);

/* Classes of pictures that lie in the folder at once. */
cairn_status cairn_listing_flat(cairn_listing *listing, char *const *names, size_t count);

#endif
