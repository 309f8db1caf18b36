/* Telling which sizes of picture a network takes, when it cannot take the one asked for. */
#ifndef CAIRN_MODELS_SIZES_H
#define CAIRN_MODELS_SIZES_H

#include <cairn/models.h>

/* After a graph of `settings` (complete, and with heads or without, as it was built) ended with `status`:
 * adds the least size that the network takes to the context's error if the picture was too small. Returns
 * status.
 */
cairn_status cairn_explain_size(cairn_ctx *ctx, const cairn_model *model,
                                const cairn_model_settings *settings, cairn_status status);

#endif
