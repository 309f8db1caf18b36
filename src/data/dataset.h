/* Data sets from within: their pictures as they are stored. */
#ifndef CAIRN_DATA_DATASET_H
#define CAIRN_DATA_DATASET_H

#include "data/part.h"

/* Picture `index` of a split; label and sample (may be NULL) are set even when it cannot be read. For
 * cairn_stored_free, whatever the result. Its name stays as long as the data set. CAIRN_USAGE, CAIRN_IO,
 * CAIRN_INPUT, CAIRN_MEMORY. */
cairn_status cairn_dataset_fetch(cairn_ctx *ctx, const cairn_dataset *dataset, cairn_split split,
                                 int64_t index, cairn_stored *stored, int *label, int64_t *sample);

#endif
