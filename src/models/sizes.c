/* The least picture that a network takes, found by building it: no table of sizes has to be kept. */
#include "models/sizes.h"
#include "base/base.h"
#include <stdio.h>

static bool fits(cairn_ctx *ctx, const cairn_model *model, const cairn_model_settings *settings)
{
    cairn_graph *graph;
    if (cairn_graph_create(ctx, &graph) != CAIRN_OK)
        return false;
    model->build(graph, cairn_image(graph, settings->h, settings->w, settings->c), settings);
    bool built = cairn_graph_status(graph) == CAIRN_OK;
    cairn_graph_destroy(graph);
    return built;
}

/* The least length of one side of the settings, the other staying as it is; what fits, fits larger too. */
static int least(cairn_ctx *ctx, const cairn_model *model, cairn_model_settings *settings, int *side)
{
    int too_small = 0, enough = *side;
    while (enough - too_small > 1) {
        *side = too_small + (enough - too_small) / 2;
        if (fits(ctx, model, settings))
            enough = *side;
        else
            too_small = *side;
    }
    return enough;
}

cairn_status cairn_explain_size(cairn_ctx *ctx, const cairn_model *model,
                                const cairn_model_settings *settings, cairn_status status)
{
    if (status != CAIRN_INPUT)
        return status;
    char reason[CAIRN_ERROR_BYTES];
    snprintf(reason, sizeof reason, "%s", cairn_error(ctx));
    cairn_model_settings rows = *settings, columns, bare = *settings;
    rows.h = model->h;
    rows.w = model->w;
    columns = rows;
    bare.heads = false;
    int h = 0, w = 0;
    if (fits(ctx, model, &rows)) {
        h = least(ctx, model, &rows, &rows.h);
        w = least(ctx, model, &columns, &columns.w);
    }
    if (settings->h >= h && settings->w >= w) /* something else is wrong */
        return cairn_fail(ctx, status, "%s", reason);
    bool heads = settings->heads && fits(ctx, model, &bare);
    return cairn_fail(ctx, status, "%s; %s takes pictures of %dx%d and more%s", reason, model->name, h, w,
                      heads ? ", smaller ones without its auxiliary heads (aux=off)" : "");
}
