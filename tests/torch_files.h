/* What tests of torch.save's files share: parsing bytes as one, and the pieces of pickles by hand. */
#ifndef CAIRN_TESTS_TORCH_FILES_H
#define CAIRN_TESTS_TORCH_FILES_H

#include "support.h"

#include "io/weights.h"

/* From memory, where a sanitizer sees the end of the bytes, as from the file. */
static inline cairn_status parse(bench *b, const void *bytes, size_t size)
{
    cairn_weights *weights;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    cairn_status status = cairn_weights_parse(b->ctx, "test", copy, size, &weights);
    assert_true((status == CAIRN_OK) == (weights != NULL));
    cairn_weights_destroy(weights);
    free(copy);
    return status;
}

/* Pieces of a pickle: what rebuilds a tensor, tuples of one number, and the bytes of a storage of two floats.
 */
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define TWO "K\2\x85"
#define ONE "K\1\x85"
static const char data[] = "\2\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40";

#endif
