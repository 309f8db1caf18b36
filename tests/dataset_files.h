/* What tests of data sets share: opening them. */
#ifndef CAIRN_TESTS_DATASET_FILES_H
#define CAIRN_TESTS_DATASET_FILES_H

#include "support.h"

#include <cairn/data.h>

static inline cairn_dataset *open_set(bench *b, const char *name, const cairn_dataset_options *options)
{
    cairn_dataset *set;
    if (cairn_dataset_open(b->ctx, name, options, &set) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    return set;
}

static inline cairn_status open_fails(bench *b, const char *name, const cairn_dataset_options *options)
{
    cairn_dataset *set;
    cairn_status status = cairn_dataset_open(b->ctx, name, options, &set);
    assert_true((status == CAIRN_OK) == (set != NULL));
    cairn_dataset_close(set);
    return status;
}

#endif
