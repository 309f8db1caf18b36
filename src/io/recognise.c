/* Which network's weights a file holds, by the names and shapes of its tensors. */
#include "base/base.h"
#include <cairn/models.h>
#include <cairn/weights.h>
#include <string.h>

#define HEAD_TENSORS 64 /* more than auxiliary heads have */

/* So many tensors may be a network's and nothing else: beside its parameters a file has at most a counter for
 * each normalisation, and auxiliary heads. What cannot be is not compared by name. */
static bool may_be_whole(int params, int tensors)
{
    return tensors >= params && tensors <= 2 * params + HEAD_TENSORS;
}

/* How a file fits a network with so many classes. */
static cairn_status try_classes(cairn_ctx *ctx, const cairn_model *model, int classes,
                                const cairn_weights *loaded, cairn_fit *fit)
{
    const cairn_model_settings settings = {.classes = classes};
    cairn_graph *graph;
    cairn_status status =
        cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
    if (status != CAIRN_OK)
        return status;
    *fit = (cairn_fit){.missing = 1};
    if (may_be_whole(cairn_param_count(graph), cairn_weights_count(loaded)))
        status = cairn_weights_fit(ctx, graph, model->names, loaded, fit);
    cairn_graph_destroy(graph);
    return status;
}

static bool is_whole(const cairn_fit *fit)
{
    return fit->missing == 0 && fit->misshapen == 0 && fit->extra == 0;
}

/* Keras' dense layers may read a flattened map whose channel is fastest: only its own networks do. */
static bool is_from_keras(const cairn_weights *loaded)
{
    static const char kernel[] = "kernel";
    for (int i = 0; i < cairn_weights_count(loaded); i++) {
        const char *name = cairn_weights_at(loaded, i)->name;
        size_t length = strcspn(name, ":");
        if (length >= strlen(kernel) && strncmp(name + length - strlen(kernel), kernel, strlen(kernel)) == 0)
            return true;
    }
    return false;
}

static bool is_keras(const cairn_model *model)
{
    return strcmp(model->flavour, "keras") == 0 || strcmp(model->flavour, "tutorial") == 0;
}

cairn_status cairn_weights_recognise(cairn_ctx *ctx, const cairn_weights *loaded, cairn_recognised *found,
                                     int most, int *count)
{
    *count = 0;
    bool keras = is_from_keras(loaded);
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        if (keras && !is_keras(model))
            continue;
        int classes = model->classes;
        cairn_fit fit;
        cairn_status status = try_classes(ctx, model, classes, loaded, &fit);
        if (status == CAIRN_OK && fit.missing == 0 && fit.extra == 0 && fit.misshapen > 0 &&
            fit.classes > 0) {
            classes = fit.classes;
            status = try_classes(ctx, model, classes, loaded, &fit);
        }
        if (status != CAIRN_OK)
            return status;
        if (!is_whole(&fit))
            continue;
        if (*count < most)
            found[*count] = (cairn_recognised){model, classes};
        (*count)++;
    }
    return CAIRN_OK;
}
