/* What a weights file says about its network, so that the file alone is enough to use it: the cairn.* keys.
 */
#ifndef CAIRN_METADATA_H
#define CAIRN_METADATA_H

#include "base/base.h"
#include <cairn/data.h>
#include <cairn/models.h>
#include <cairn/weights.h>

/* Writes architecture, switches, input, classes, preprocessing and labels (NULL: those that are there stay)
 * into the metadata. CAIRN_MEMORY. */
cairn_status cairn_metadata_describe(cairn_ctx *ctx, cairn_weights *weights, const cairn_model *model,
                                     const cairn_model_settings *settings, const cairn_preprocess *preprocess,
                                     const char *const *labels);

/* The switches of "cairn.set" as "key=value,key=value"; "" when the key is missing. cairn_free it.
 * CAIRN_INPUT. */
cairn_status cairn_metadata_switches(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                     char **set);

/* Height, width and channels from "cairn.input_size" and classes from "cairn.num_classes"; what the file does
 * not say stays as it is. CAIRN_INPUT. */
cairn_status cairn_metadata_sizes(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                  cairn_model_settings *settings);

/* Class names, `classes` of them; "0", "1", ... when the file has none. cairn_names_free them. CAIRN_INPUT.
 */
cairn_status cairn_metadata_labels(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                   int classes, char ***labels);

/* Identifiers of the classes, such as "n01440764"; NULL when the file has names alone. cairn_names_free them.
 * CAIRN_INPUT. */
cairn_status cairn_metadata_label_ids(cairn_ctx *ctx, const char *path, const cairn_weights *weights,
                                      int classes, char ***ids);

#endif
