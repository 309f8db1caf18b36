/* Transfer of trained weights into a new training. */
#include "train/transfer.h"
#include "base/base.h"
#include "base/file.h"
#include <string.h>

/* Whether the tensor of a file, which lies plainly, has the shape that this one would have in a file. */
static bool fits(const cairn_tensor *tensor, const cairn_tensor *from)
{
    static const int orders[][CAIRN_MAX_RANK] = {[CAIRN_LAYOUT_PLAIN] = {0, 1, 2, 3},
                                                 [CAIRN_LAYOUT_CONV] = {3, 2, 0, 1},
                                                 [CAIRN_LAYOUT_LINEAR] = {1, 0, 2, 3}};
    if (tensor->shape.rank != from->shape.rank)
        return false;
    for (int i = 0; i < from->shape.rank; i++)
        if (from->shape.dim[i] != tensor->shape.dim[orders[tensor->layout][i]])
            return false;
    return true;
}

/* Length of the layer's name in a parameter's: "fc2" of "fc2.weight". */
static size_t layer_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? strlen(name) : (size_t)(dot - name);
}

static bool same_layer(const char *a, const char *b)
{
    return layer_length(a) == layer_length(b) && strncmp(a, b, layer_length(a)) == 0;
}

static cairn_status transfer(cairn_ctx *ctx, const char *path, const cairn_weights *loaded,
                             cairn_weights *weights)
{
    int count = cairn_weights_count(weights);
    const char *head = count == 0 ? "" : cairn_weights_at(weights, count - 1)->name;
    for (int i = 0; i < count; i++) {
        const cairn_tensor *to = cairn_weights_at(weights, i), *from = cairn_weights_find(loaded, to->name);
        cairn_status status = CAIRN_OK;
        if (from == NULL)
            status = cairn_fail(ctx, CAIRN_INPUT, "%s: tensor '%s' is missing", path, to->name);
        else if (fits(to, from))
            status = cairn_tensor_set(to, from->dtype, from->data);
        else if (same_layer(to->name, head))
            cairn_log(ctx, CAIRN_LOG_INFO, "%s: '%s' has another size and begins anew", path, to->name);
        else
            status = cairn_fail(ctx, CAIRN_INPUT, "%s: tensor '%s' has the wrong shape", path, to->name);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

char *cairn_weights_file(cairn_ctx *ctx, const char *path)
{
    return cairn_path_look(path) == CAIRN_PATH_FOLDER ? cairn_path_join(ctx, path, "weights/best.safetensors")
                                                      : cairn_strdup(ctx, path);
}

static cairn_status load(cairn_ctx *ctx, const char *path, cairn_weights *weights)
{
    char *file = cairn_weights_file(ctx, path);
    if (file == NULL)
        return CAIRN_MEMORY;
    cairn_weights *loaded = NULL;
    cairn_status status = cairn_weights_load(ctx, file, &loaded);
    if (status == CAIRN_OK)
        status = transfer(ctx, file, loaded, weights);
    cairn_weights_destroy(loaded);
    cairn_free(ctx, file);
    return status;
}

cairn_status cairn_weights_begin(cairn_ctx *ctx, const cairn_graph *graph, uint64_t seed, const char *path,
                                 cairn_weights **weights)
{
    cairn_status status = cairn_weights_init(ctx, graph, CAIRN_F32, seed, weights);
    if (status != CAIRN_OK || path == NULL)
        return status;
    status = load(ctx, path, *weights);
    if (status == CAIRN_OK)
        return CAIRN_OK;
    cairn_weights_destroy(*weights);
    *weights = NULL;
    return status;
}
