/* Weights: named tensors with their metadata, in a container of their own. A plan binds them by name;
 * several plans may share one container. */
#ifndef CAIRN_WEIGHTS_H
#define CAIRN_WEIGHTS_H

#include <cairn/graph.h>

CAIRN_BEGIN

typedef struct cairn_weights cairn_weights;

typedef enum cairn_dtype {
    CAIRN_F32,
    CAIRN_F64,
    CAIRN_BF16,
    CAIRN_F16,
    CAIRN_U8,
    CAIRN_I32,
    CAIRN_I64,
} cairn_dtype;

CAIRN_API size_t cairn_dtype_size(cairn_dtype dtype);

/* "F32", as safetensors files call it. */
CAIRN_API const char *cairn_dtype_name(cairn_dtype dtype);

/* How a tensor lies in memory compared with files, which hold PyTorch's layouts. */
typedef enum cairn_layout {
    CAIRN_LAYOUT_PLAIN,
    CAIRN_LAYOUT_CONV,   /* memory (KH, KW, I, O), file (O, I, KH, KW) */
    CAIRN_LAYOUT_LINEAR, /* memory (I, O), file (O, I) */
} cairn_layout;

/* The layout of a parameter by its shape: rank 4 is a convolution's, rank 2 a dense layer's. */
CAIRN_API cairn_layout cairn_layout_of(const cairn_shape *shape);

typedef struct cairn_tensor {
    const char *name;
    cairn_dtype dtype;
    cairn_layout layout;
    cairn_shape shape; /* as in memory */
    void *data; /* row-major, owned by the container; NULL: still in its file, see cairn_weights_open */
} cairn_tensor;

/* An empty container. */
CAIRN_API cairn_status cairn_weights_create(cairn_ctx *ctx, cairn_weights **weights);

/* Every parameter of the graph, of type dtype (F32 or F64), filled by its initialisation rule from the seed.
 */
CAIRN_API cairn_status cairn_weights_init(cairn_ctx *ctx, const cairn_graph *graph, cairn_dtype dtype,
                                          uint64_t seed, cairn_weights **weights);
CAIRN_API void cairn_weights_destroy(cairn_weights *weights);

CAIRN_API int cairn_weights_count(const cairn_weights *weights);
CAIRN_API const cairn_tensor *cairn_weights_at(const cairn_weights *weights, int index);
CAIRN_API const cairn_tensor *cairn_weights_find(const cairn_weights *weights, const char *name);

/* Adds a zeroed tensor; the name must be new. */
CAIRN_API cairn_status cairn_weights_add(cairn_weights *weights, const char *name, cairn_dtype dtype,
                                         cairn_layout layout, const cairn_shape *shape,
                                         const cairn_tensor **tensor);

/* Metadata: string to string, kept in order of insertion. Setting NULL removes a key. */
CAIRN_API cairn_status cairn_weights_set_meta(cairn_weights *weights, const char *key, const char *value);
CAIRN_API const char *cairn_weights_meta(const cairn_weights *weights, const char *key);
CAIRN_API int cairn_weights_meta_count(const cairn_weights *weights);
CAIRN_API void cairn_weights_meta_at(const cairn_weights *weights, int index, const char **key,
                                     const char **value);

/* Copies elements between containers and plain arrays in the layout of files, converting the type. The
 * element count must match the tensor's. */
CAIRN_API cairn_status cairn_tensor_get(const cairn_tensor *tensor, cairn_dtype dtype, void *file_layout);
CAIRN_API cairn_status cairn_tensor_set(const cairn_tensor *tensor, cairn_dtype dtype,
                                        const void *file_layout);

/* Checks that the container has every parameter of the graph in the right shape, naming the first tensor that
 * is missing or differs (CAIRN_INPUT). Extra tensors are logged as warnings. */
CAIRN_API cairn_status cairn_weights_check(const cairn_weights *weights, const cairn_graph *graph);

/* Loads a safetensors file. Tensors come with layout PLAIN and the shape of the file: cairn_weights_bind
 * gives them the graph's. CAIRN_IO, CAIRN_INPUT with the field that is wrong, or CAIRN_MEMORY. */
CAIRN_API cairn_status cairn_weights_load(cairn_ctx *ctx, const char *path, cairn_weights **weights);

/* The same, but the numbers may stay in the file, which is kept open: a network starts sooner and takes less
 * memory, since cairn_weights_bind and _bind_as then read each number on its way to where it belongs. The
 * whole header is checked here. Until then real tensors have no data (NULL), and functions that need them
 * fail with CAIRN_USAGE; a file that is cut short in between fails then, with CAIRN_INPUT. */
CAIRN_API cairn_status cairn_weights_open(cairn_ctx *ctx, const char *path, cairn_weights **weights);

/* A container for the graph, filled from one that was loaded: file layouts become memory layouts, types
 * become dtype. Missing and misshapen tensors are errors by name, extra ones warnings,
 * unless the file is another network of the zoo as a whole. Metadata is copied. */
CAIRN_API cairn_status cairn_weights_bind(cairn_ctx *ctx, const cairn_graph *graph,
                                          const cairn_weights *loaded, cairn_dtype dtype,
                                          cairn_weights **weights);

/* The same for files whose names are another program's: `rules` (may be NULL, see models.h) rename layers;
 * Keras' words and counted layers are understood anyway. */
typedef struct cairn_name_rule cairn_name_rule;
CAIRN_API cairn_status cairn_weights_bind_as(cairn_ctx *ctx, const cairn_graph *graph,
                                             const cairn_name_rule *rules, const cairn_weights *loaded,
                                             cairn_dtype dtype, cairn_weights **weights);

/* The same in F32 for inference with weights of cairn_weights_open: most tensors stay in the file. They have
 * no data, and a plan reads them piece by piece when it packs them, so that they never lie in memory as a
 * whole. A file that is cut short in between makes that fail, with CAIRN_INPUT. */
CAIRN_API cairn_status cairn_weights_attach(cairn_ctx *ctx, const cairn_graph *graph,
                                            const cairn_name_rule *rules, const cairn_weights *opened,
                                            cairn_weights **weights);

/* Brings into memory what is still in the file of a container that was opened or attached. */
CAIRN_API cairn_status cairn_weights_read(cairn_weights *weights);

/* Reading a tensor that has no data yet without keeping it: how many pieces it comes in, and the room that
 * one needs; one of them, which is put where it belongs in the array `to` in memory layout (by any thread,
 * without a message). */
CAIRN_API size_t cairn_tensor_pieces(const cairn_tensor *tensor, size_t *buffer_bytes);
CAIRN_API cairn_status cairn_tensor_read_piece(const cairn_tensor *tensor, size_t piece, void *buffer,
                                               void *to);

/* The columns begin ... end-1 of a matrix (K, N) that lies in its file as (N, K), one after the other, in the
 * tensor's type: without a copy of the whole. For dense layers whose
 * file has them so (cairn_tensor_has_columns). */
CAIRN_API bool cairn_tensor_has_columns(const cairn_tensor *tensor);
CAIRN_API cairn_status cairn_tensor_read_columns(const cairn_tensor *tensor, size_t begin, size_t end,
                                                 void *to);

/* After all of it was read: the warning about numbers that are not finite. */
CAIRN_API void cairn_tensor_read_end(cairn_ctx *ctx, const cairn_tensor *tensor);

/* The same in F32 to go on training, perhaps for other classes: tensors of the last layers that have another
 * number of classes than the graph come from `fresh` (from cairn_weights_init for the same graph), which is
 * logged, and metadata is left behind. */
CAIRN_API cairn_status cairn_weights_bind_body(cairn_ctx *ctx, const cairn_graph *graph,
                                               const cairn_name_rule *rules, const cairn_weights *loaded,
                                               const cairn_weights *fresh, cairn_weights **weights);

/* How the tensors of a file fit a graph: what binding would make of them. */
typedef struct cairn_fit {
    int fitting, missing, misshapen; /* parameters, by what there is for them */
    int extra;                       /* tensors that are for none, and no counters or auxiliary heads */
    int classes;                     /* that the tensor for the last layer has; 0: there is none */
} cairn_fit;
CAIRN_API cairn_status cairn_weights_fit(cairn_ctx *ctx, const cairn_graph *graph,
                                         const cairn_name_rule *rules, const cairn_weights *loaded,
                                         cairn_fit *fit);

/* The networks of the zoo, in their own settings but for the number of classes, that every tensor of a file
 * belongs to: several where they differ in more than weights ("resnet50" and "resnet50.paper"). At most
 * `most` are noted; *count is how many there are. */
typedef struct cairn_model cairn_model;
typedef struct cairn_recognised {
    const cairn_model *model;
    int classes;
} cairn_recognised;
CAIRN_API cairn_status cairn_weights_recognise(cairn_ctx *ctx, const cairn_weights *loaded,
                                               cairn_recognised *found, int most, int *count);

/* The program whose format a file is in, by its first bytes: "safetensors", "pytorch" (zip) or
 * "pytorch-legacy". For files that cairn_weights_load takes. */
CAIRN_API cairn_status cairn_weights_format(cairn_ctx *ctx, const char *path, const char **format);

/* Writes a safetensors file, atomically and durably: the old file or the new one, never a part. Deterministic
 * bytes. Every running mean gets a counter beside it, "num_batches_tracked", without which PyTorch's strict
 * loading refuses a file. */
CAIRN_API cairn_status cairn_weights_save(const cairn_weights *weights, const char *path);

/* The same with real numbers as F32, F16 or BF16, rounded to nearest, ties to even. Running statistics and
 * tensors with numbers beyond the range of F16 (that is logged) stay F32. */
CAIRN_API cairn_status cairn_weights_save_as(const cairn_weights *weights, const char *path,
                                             cairn_dtype dtype);

CAIRN_END

#endif
