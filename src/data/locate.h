/* The data sets that are known by name, and where they are looked for. */
#ifndef CAIRN_DATA_LOCATE_H
#define CAIRN_DATA_LOCATE_H

#include "base/base.h"

typedef struct cairn_known_set {
    const char *name;
    int classes;
    const char *labels[10]; /* NULL: not known here */
} cairn_known_set;

/* NULL when the name is not known. */
const cairn_known_set *cairn_known_set_find(const char *name);

/* The set's name and its folder's absolute path, both for cairn_free. A folder's name is its last part.
 * CAIRN_USAGE unknown name, CAIRN_IO not found, CAIRN_INPUT not a folder. */
cairn_status cairn_dataset_locate(cairn_ctx *ctx, const char *name_or_folder, char **name, char **path);

#endif
