/* Inside of the weights container, shared by the readers and writers of files. */
#ifndef CAIRN_IO_WEIGHTS_H
#define CAIRN_IO_WEIGHTS_H

#include "base/base.h"
#include <cairn/weights.h>

/* How a tensor's file form is addressed: a matrix of `rows` output channels by `inner` = inputs x taps. Plain
 * tensors have one row. */
typedef struct cairn_file_form {
    cairn_shape shape;
    size_t rows, inner;
} cairn_file_form;

cairn_file_form cairn_tensor_file_form(const cairn_tensor *tensor);

/* Copies rows begin .. end-1 of the file form, in the tensor's own type, to `to`. */
void cairn_tensor_file_rows(const cairn_tensor *tensor, size_t begin, size_t end, void *to);

/* Elements of a shape, checked: false when the product overflows or passes the limit of all readers. */
bool cairn_shape_count(const cairn_shape *shape, size_t *count);

cairn_ctx *cairn_weights_ctx(const cairn_weights *weights);

/* Reads safetensors from memory or from a file; `name` begins the messages. For tests and fuzzing the bytes
 * may lie in memory. */
cairn_status cairn_safetensors_parse(cairn_ctx *ctx, const char *name, const void *bytes, size_t size,
                                     cairn_weights **weights);

#endif
