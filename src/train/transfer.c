/* Transfer of trained weights into a new training. */
#include "train/transfer.h"
#include "base/base.h"
#include "base/file.h"
#include "train/config.h"
#include <string.h>

char *cairn_weights_file(cairn_ctx *ctx, const char *path)
{
    return cairn_path_look(path) == CAIRN_PATH_FOLDER ? cairn_path_join(ctx, path, "weights/best.safetensors")
                                                      : cairn_strdup(ctx, path);
}

/* Says that a head of other classes was replaced. */
static cairn_status note_head(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                              const cairn_weights *loaded, const char *file, const cairn_train_hooks *hooks)
{
    cairn_fit fit;
    cairn_status status = cairn_weights_fit(ctx, graph, rules, loaded, &fit);
    cairn_param_info last = cairn_param_at(graph, cairn_param_count(graph) - 1);
    if (status == CAIRN_OK && fit.misshapen > 0)
        cairn_train_note(ctx, hooks, "%s: its head of %d classes is replaced by a new one of %lld", file,
                         fit.classes, (long long)last.shape.dim[last.shape.rank - 1]);
    return status;
}

cairn_status cairn_weights_begin(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                 uint64_t seed, const char *path, const cairn_train_hooks *hooks,
                                 cairn_weights **weights)
{
    cairn_weights *fresh = NULL, *loaded = NULL;
    *weights = NULL;
    cairn_status status = cairn_weights_init(ctx, graph, CAIRN_F32, seed, &fresh);
    if (status != CAIRN_OK || path == NULL) {
        *weights = fresh;
        return status;
    }
    char *file = cairn_weights_file(ctx, path);
    status = file == NULL ? CAIRN_MEMORY : cairn_weights_open(ctx, file, &loaded);
    if (status == CAIRN_OK)
        status = cairn_weights_bind_body(ctx, graph, rules, loaded, fresh, weights);
    if (status == CAIRN_OK)
        status = note_head(ctx, graph, rules, loaded, file, hooks);
    if (status == CAIRN_INPUT && loaded != NULL) /* read, but for another network */
        status = cairn_fail(ctx, status, "%s: %s", file, cairn_error(ctx));
    cairn_weights_destroy(loaded);
    cairn_weights_destroy(fresh);
    cairn_free(ctx, file);
    return status;
}

cairn_status cairn_weights_chain(cairn_ctx *ctx, const char *path, cairn_preprocess *chain, bool *found)
{
    cairn_weights *opened = NULL;
    char *file = cairn_weights_file(ctx, path);
    cairn_status status = file == NULL ? CAIRN_MEMORY : cairn_weights_open(ctx, file, &opened);
    const char *text = status == CAIRN_OK ? cairn_weights_meta(opened, "cairn.preprocess") : NULL;
    *chain = (cairn_preprocess){0};
    *found = text != NULL;
    if (*found)
        status = cairn_preprocess_from_json(ctx, text, chain);
    cairn_weights_destroy(opened);
    cairn_free(ctx, file);
    return status;
}

cairn_status cairn_weights_copy(cairn_ctx *ctx, const cairn_weights *from, cairn_weights **copy)
{
    cairn_status status = cairn_weights_create(ctx, copy);
    for (int i = 0; status == CAIRN_OK && i < cairn_weights_count(from); i++) {
        const cairn_tensor *tensor = cairn_weights_at(from, i), *added;
        status =
            cairn_weights_add(*copy, tensor->name, tensor->dtype, tensor->layout, &tensor->shape, &added);
        if (status == CAIRN_OK)
            memcpy(added->data, tensor->data,
                   (size_t)cairn_shape_elements(&tensor->shape) * cairn_dtype_size(tensor->dtype));
    }
    for (int i = 0; status == CAIRN_OK && i < cairn_weights_meta_count(from); i++) {
        const char *key, *value;
        cairn_weights_meta_at(from, i, &key, &value);
        status = cairn_weights_set_meta(*copy, key, value);
    }
    return status;
}
