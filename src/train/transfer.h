/* Weights to begin a training from. */
#ifndef CAIRN_TRANSFER_H
#define CAIRN_TRANSFER_H

#include <cairn/train.h>

/* The weights file that a path means: a run folder's best weights, else the path itself. cairn_free it. */
char *cairn_weights_file(cairn_ctx *ctx, const char *path);

/* Freshly initialised weights, then, unless path is NULL, those of a weights file or run folder in their
 * place, under the names of any program that the rules know. Heads of other classes stay fresh, which is
 * logged. CAIRN_INPUT naming the tensor that is missing or does not fit. */
cairn_status cairn_weights_begin(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                 uint64_t seed, const char *path, const cairn_train_hooks *hooks,
                                 cairn_weights **weights);

/* How pictures become the input of the network whose weights a path means. *found is false when the file does
 * not say. */
cairn_status cairn_weights_chain(cairn_ctx *ctx, const char *path, cairn_preprocess *chain, bool *found);

/* Another container with the same tensors and metadata. */
cairn_status cairn_weights_copy(cairn_ctx *ctx, const cairn_weights *from, cairn_weights **copy);

#endif
