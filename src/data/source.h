/* What the readers of data sets fill in: pictures and classes of the two parts, in memory or as files. Each
 * reader looks whether the folder is of its kind. */
#ifndef CAIRN_DATA_SOURCE_H
#define CAIRN_DATA_SOURCE_H

#include "data/part.h"
#include <cairn/data.h>

#define CAIRN_MAX_CLASSES 100000

/* Class names, for cairn_names_free. */
typedef struct cairn_class_list {
    char **name;
    int count;
} cairn_class_list;

typedef struct cairn_source {
    cairn_ctx *ctx;
    const char *path; /* of the folder */
    const cairn_dataset_options *options;
    cairn_part train, test;
    int h, w, c;              /* h and w are 0 where pictures are of any size */
    cairn_class_list classes; /* empty: nothing is known but the labels */
    bool mapped;              /* labels are those of options->class_names */
} cairn_source;

/* Each leaves both parts empty when the folder is not of its kind. CAIRN_IO, CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_source_idx(cairn_source *source);
cairn_status cairn_source_cifar(cairn_source *source);
cairn_status cairn_source_pack(cairn_source *source);
cairn_status cairn_source_tar(cairn_source *source);
cairn_status cairn_source_pictures(cairn_source *source);

/* Labels that count in `classes`, the class names of one part, become the set's, or those of the weights that
 * options name. CAIRN_INPUT when a name is not known. */
cairn_status cairn_class_map(cairn_source *source, const char *folder, const cairn_class_list *classes,
                             int32_t *labels, size_t count);

/* The folders of a part, as people call them; each ends with NULL. */
extern const char *const cairn_train_folders[], *const cairn_test_folders[];

/* Adds a copy of a name. */
cairn_status cairn_class_add(cairn_ctx *ctx, cairn_class_list *list, const char *name);

#endif
