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

#define MAGIC "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3.\x80\2}."
#define STORAGE(type, key, elements) "(U\7storagec" type "\nU\1" key "U\3cpu" elements "NtQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
/* A tensor of the storage "0" of two floats: offset, sizes, strides. */
#define TENSOR(offset, sizes, strides)                                                                       \
    REBUILD "(" STORAGE("torch\nFloatStorage", "0", "K\2") offset sizes strides "\x89)tR"
#define DICT(value) "\x80\2}X\1\0\0\0a" value "s."
#define KEYS "\x80\2](U\0010e."
#define NO_KEYS "\x80\2]."
#define TWO "K\2\x85"
#define ONE "K\1\x85"
static const char data[] = "\2\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40";

#endif
