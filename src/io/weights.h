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

/* A whole tensor from and to a plain array of real numbers in the layout of files. */
void cairn_tensor_to_file(const cairn_tensor *tensor, cairn_dtype dtype, void *file_layout);
void cairn_tensor_from_file(const cairn_tensor *tensor, cairn_dtype dtype, const void *file_layout);

/* Copies `from`, which lies as `to` or as files do, in parts that threads can share. */
size_t cairn_tensor_parts(const cairn_tensor *from, const cairn_tensor *to);
/* The elements of `from` that such a part takes: they follow each other. */
void cairn_tensor_part_span(const cairn_tensor *from, const cairn_tensor *to, size_t part, size_t *first,
                            size_t *count);
void cairn_tensor_copy_part(const cairn_tensor *from, const cairn_tensor *to, size_t part);

/* Elements of a shape, checked: false when the product overflows or passes the limit of all readers. */
bool cairn_shape_count(const cairn_shape *shape, size_t *count);

cairn_ctx *cairn_weights_ctx(const cairn_weights *weights);

/* One block of memory for the tensors that are added next, so that many share huge pages: the sum of their
 * rooms. Once for a container. */
cairn_status cairn_weights_reserve(cairn_weights *weights, size_t bytes);
static inline size_t cairn_weights_room(size_t bytes)
{
    return cairn_align(bytes, 64);
}

/* As cairn_weights_add, but the caller fills the tensor. */
cairn_status cairn_weights_add_unset(cairn_weights *weights, const char *name, cairn_dtype dtype,
                                     cairn_layout layout, const cairn_shape *shape,
                                     const cairn_tensor **tensor);

/* A tensor whose numbers stay in the container's file, from `offset` on, as `found` says (NULL: as they would
 * be in memory); its data are NULL. */
cairn_status cairn_weights_add_unread(cairn_weights *weights, const char *name, cairn_dtype dtype,
                                      cairn_layout layout, const cairn_shape *shape,
                                      const cairn_tensor *found, uint64_t offset);

/* Takes over the file of such tensors, and closes it at once if there are none. */
struct cairn_file;
void cairn_weights_keep_file(cairn_weights *weights, struct cairn_file *file);

/* Opens the same file for the tensors of `weights` that are still in it. */
cairn_status cairn_weights_share_file(cairn_weights *weights, const cairn_weights *with);

/* CAIRN_USAGE if the container has such tensors. */
cairn_status cairn_weights_check_read(const cairn_weights *weights);

/* A tensor to be filled from another one, or from a file that holds it. */
typedef struct cairn_fill {
    cairn_tensor from;
    const cairn_tensor *to;
    const struct cairn_file *file; /* NULL: `from` has data */
    uint64_t offset;               /* of the tensor in the file */
} cairn_fill;

/* Where the numbers of a tensor are that was found in the container under its name. */
cairn_fill cairn_weights_source_of(const cairn_weights *weights, const cairn_tensor *found);

/* Fills tensors on all threads: from memory or, through no more than a small buffer, from their files. */
cairn_status cairn_weights_fill(cairn_ctx *ctx, const cairn_fill *fills, size_t count);

/* One part (see cairn_tensor_parts) of one of them from its file, counting what is not finite; and the
 * warning that belongs to it. */
cairn_status cairn_fill_part(cairn_ctx *ctx, const cairn_fill *fill, size_t part, char *buffer,
                             size_t *not_finite);
void cairn_fill_warn(cairn_ctx *ctx, const struct cairn_file *file, const char *name, size_t not_finite);

/* cairn_weights_load for a file's bytes in memory; `name` begins the messages. */
cairn_status cairn_weights_parse(cairn_ctx *ctx, const char *name, const void *bytes, size_t size,
                                 cairn_weights **weights);

struct cairn_source;
cairn_status cairn_safetensors_load(const struct cairn_source *from, cairn_weights **weights);

#endif
