/* Files of torch.save, read: a container (zip archive or stream) holds a pickle and storages, which are the
 * bytes that tensors look at. */
#ifndef CAIRN_IO_TORCH_H
#define CAIRN_IO_TORCH_H

#include "io/pickle.h"
#include "io/weights.h"

/* The bytes behind tensors, once for all that share them. */
typedef struct cairn_torch_storage {
    const char *key; /* among the pickle's bytes */
    size_t key_size;
    uint64_t bytes;  /* as the pickle and the container agree */
    uint64_t offset; /* in the source */
    uint64_t stored; /* bytes there: fewer when compressed */
    bool compressed, summed;
    uint32_t sum;   /* CRC-32, if summed */
    uint64_t entry; /* of the archive */
    size_t first;   /* of its tensors, see next */
    size_t primary; /* the tensor that is the whole storage as it is, SIZE_MAX: none */
} cairn_torch_storage;

typedef struct cairn_torch_tensor {
    const char *name; /* as above */
    size_t name_size;
    const cairn_torch_type *type;
    cairn_shape shape;
    int64_t stride[CAIRN_MAX_RANK], offset; /* in elements */
    size_t elements;
    size_t storage, next; /* the next tensor of the same storage, or SIZE_MAX */
    const cairn_tensor *tensor;
    size_t not_finite;
} cairn_torch_tensor;

struct cairn_torch_zip;

typedef struct cairn_torch_file {
    const cairn_source *from;
    cairn_pickle pickle;
    cairn_pickle_value *root;
    struct cairn_torch_zip *zip; /* NULL: a stream */
    bool big_endian;
    cairn_torch_storage *all; /* of a stream, by key */
    size_t all_count;
    cairn_torch_tensor *tensors;
    cairn_torch_storage *storages; /* of these tensors, by key */
    size_t tensor_count, storage_count;
} cairn_torch_file;

/* A zip archive as zip_name says ("PyTorch", "Keras") or a stream, into a container. */
cairn_status cairn_torch_load(const cairn_source *from, bool zip, cairn_weights **weights);

/* ---- containers ---- */

/* Runs the pickles: file->root. */
cairn_status cairn_torch_zip_open(cairn_torch_file *file);
cairn_status cairn_torch_stream_open(cairn_torch_file *file);
/* Where a storage's bytes lie, which are as many as the pickle says. */
cairn_status cairn_torch_zip_locate(cairn_torch_file *file, cairn_torch_storage *storage);
cairn_status cairn_torch_stream_locate(cairn_torch_file *file, cairn_torch_storage *storage);
/* Unpacks a compressed storage. */
cairn_status cairn_torch_zip_unpack(cairn_torch_file *file, const cairn_torch_storage *storage, void *to);
void cairn_torch_zip_close(cairn_torch_file *file);

/* CAIRN_INPUT when the name of an entry holds a NUL. */
cairn_status cairn_torch_zip_check_names(const cairn_source *from);

/* ---- from the pickle to tensors ---- */

/* Finds the state dict and fills file->tensors and file->storages. */
cairn_status cairn_torch_find_tensors(cairn_torch_file *file);
/* Key and bytes of a storage as its persistent id says; *type NULL: bytes. */
cairn_status cairn_torch_claim(const cairn_torch_file *file, const cairn_pickle_value *value,
                               cairn_torch_storage *storage, const cairn_torch_type **type);
int cairn_torch_compare_keys(const void *a, const void *b);
/* Every tensor lies in its storage, and all together are not much more than the storages. */
cairn_status cairn_torch_check(const cairn_torch_file *file);
/* Makes the tensors and reads them. */
cairn_status cairn_torch_read(cairn_torch_file *file, cairn_weights *weights);

#endif
