/* What other programs call a network's tensors. */
#ifndef CAIRN_IO_NAMES_H
#define CAIRN_IO_NAMES_H

#include "io/weights.h"
#include <cairn/models.h>

/* For each parameter of the graph the tensor of the container that holds it, found[i].name NULL: none. A
 * tensor that lies as in memory although its file says nothing (Keras' kernels) gets the layout of the
 * parameter. Names are compared in this order: as they are; without the wrappers of training ("module."),
 * with the last part in PyTorch's words ("kernel" is "weight") and the layer renamed by the rules (may be
 * NULL); and Keras' counted layers (conv2d_7) by their order. used[i]: the tensor is for a parameter, or
 * known to be for nothing. */
cairn_status cairn_names_match(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                               const cairn_weights *weights, cairn_tensor *found, bool *used);

#endif
