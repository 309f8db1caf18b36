/* What shape and gradient rules share. Each failure names the node, what was expected and what was found. */
#ifndef CAIRN_OPS_CHECK_H
#define CAIRN_OPS_CHECK_H

#include "ops/op.h"

/* The input is batched, REAL and of this rank (-1: any). */
cairn_status cairn_expect_image_value(const cairn_infer *node, int input, int rank);

/* The input is an unbatched REAL tensor of this rank and these sizes (-1: any). */
cairn_status cairn_expect_tensor(const cairn_infer *node, int input, int rank, const int64_t *dim);

/* Input 0 is batched and REAL, and the inputs from `first` on are vectors of a number for each of its
 * channels. */
cairn_status cairn_expect_channel_vectors(const cairn_infer *node, int first);

/* Two inputs are alike. */
cairn_status cairn_expect_same(const cairn_infer *node, int a, int b);

/* The input is one number for each image. */
cairn_status cairn_expect_per_image(const cairn_infer *node, int input, cairn_element element);

/* The output has a sane number of elements. To be called with every shape that is computed. */
cairn_status cairn_check_output(const cairn_infer *node, int output);

bool cairn_same_shape(const cairn_shape *a, const cairn_shape *b);

/* "28x28x6 per image" */
void cairn_shape_text(const cairn_shape *shape, char *text, size_t size);

/* The name of the node that computes the gradient of input `input`: "<node>/d0". Returns the text. */
#define CAIRN_GRAD_NAME_BYTES 300
const char *cairn_grad_name(const cairn_grad *grad, int input, char *text);

/* Channels: the last dimension, 1 of a single number. */
int64_t cairn_channels(const cairn_shape *shape);

#endif
