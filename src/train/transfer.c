/* Transfer of trained weights into a new training. */
#include "train/transfer.h"
#include "base/base.h"
#include "base/file.h"

char *cairn_weights_file(cairn_ctx *ctx, const char *path)
{
    return cairn_path_look(path) == CAIRN_PATH_FOLDER ? cairn_path_join(ctx, path, "weights/best.safetensors")
                                                      : cairn_strdup(ctx, path);
}

cairn_status cairn_weights_begin(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                 uint64_t seed, const char *path, cairn_weights **weights)
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
    if (status == CAIRN_INPUT && loaded != NULL) /* read, but for another network */
        status = cairn_fail(ctx, status, "%s: %s", file, cairn_error(ctx));
    cairn_weights_destroy(loaded);
    cairn_weights_destroy(fresh);
    cairn_free(ctx, file);
    return status;
}
