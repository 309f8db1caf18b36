/* A network for pictures of another size: fully convolutional (Long et al. 2015; Simonyan and Zisserman
 * 2015). Dense layers behind a flattened map become convolutions with a window of that map, and the scores of
 * all places are averaged. */
#ifndef CAIRN_GRAPH_DENSE_H
#define CAIRN_GRAPH_DENSE_H

#include "graph/graph.h"

/* The graph for inputs of h x w, at least the size that `from` was built for. from: a network with the input
 * "image" and the output "logits", not for training. CAIRN_USAGE when a layer cannot be brought to that size.
 */
cairn_status cairn_graph_dense(const cairn_graph *from, int h, int w, cairn_graph **dense);

/* Weights for graphs of cairn_graph_dense, of any size, from those of the graph itself. */
cairn_status cairn_weights_dense(const cairn_graph *from, const cairn_weights *weights,
                                 cairn_weights **dense);

#endif
