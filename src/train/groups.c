/* Groups of parameters. A layer with weights is a convolution or a dense layer; what follows it up to the
 * next (normalisation) goes with it. */
#include "train/groups.h"
#include "base/real.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- layers in their order ---- */

typedef struct walk {
    const cairn_graph *graph;
    int param, index; /* of the parameter; of its layer with weights, from 0 */
    char layer[256];  /* the parameter's name without its last part */
    bool begins;      /* the layer is another than the parameter's before */
    bool weighs;      /* has weights of more than one dimension */
    cairn_param_info info;
    int weighing; /* layers with weights so far */
} walk;

static bool next(walk *w)
{
    if (w->param >= cairn_param_count(w->graph))
        return false;
    w->info = cairn_param_at(w->graph, w->param++);
    const char *end = strrchr(w->info.name, '.');
    char layer[sizeof w->layer];
    snprintf(layer, sizeof layer, "%.*s", end == NULL ? 0 : (int)(end - w->info.name), w->info.name);
    w->begins = strcmp(layer, w->layer) != 0;
    memcpy(w->layer, layer, sizeof layer);
    w->weighs = w->info.shape.rank >= 2;
    w->weighing += w->weighs;
    w->index = w->weighing > 0 ? w->weighing - 1 : 0;
    return true;
}

/* The last layer, and those of auxiliary heads: dense ones with an output for each class. */
static bool is_head(const cairn_groups *g, const walk *w)
{
    const cairn_shape *shape = &w->info.shape;
    return strcmp(w->layer, g->head) == 0 ||
           (shape->rank == 2 && shape->dim[1] == g->classes && strncasecmp(w->layer, "aux", 3) == 0);
}

/* ---- freezing ---- */

static bool begins_with(const char *name, const char *piece, size_t length)
{
    return strncmp(name, piece, length) == 0 && (name[length] == '\0' || name[length] == '.');
}

/* Whether the list of names, joined by commas, has one that the layer begins with. */
static bool is_listed(const char *list, const char *layer)
{
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        if (length > 0 && begins_with(layer, list, length))
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

static cairn_status check_name(const cairn_groups *g, const char *name, size_t length)
{
    const char *names[512];
    char firsts[512][64], wrong[64];
    size_t count = 0;
    for (walk w = {.graph = g->network}; next(&w);) {
        if (begins_with(w.layer, name, length))
            return CAIRN_OK;
        if (count == CAIRN_COUNT(names) || !w.begins)
            continue;
        snprintf(firsts[count], sizeof firsts[0], "%.*s", (int)cairn_min((int64_t)strcspn(w.layer, "."), 63),
                 w.layer);
        names[count] = firsts[count];
        count++;
    }
    snprintf(wrong, sizeof wrong, "%.*s", (int)cairn_min((int64_t)length, 63), name);
    const char *nearest = cairn_nearest_name(wrong, names, count);
    return cairn_fail(g->ctx, CAIRN_USAGE, "freeze: %s has no layer '%s'%s%s%s", g->config->model->name,
                      wrong, nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                      nearest != NULL ? "'?)" : "");
}

static cairn_status check_list(const cairn_groups *g, const char *list)
{
    cairn_status status = CAIRN_OK;
    while (*list != '\0' && status == CAIRN_OK) {
        size_t length = strcspn(list, ",");
        if (length > 0)
            status = check_name(g, list, length);
        list += length + (list[length] == ',');
    }
    return status;
}

static bool is_frozen(const cairn_groups *g, const walk *w)
{
    const char *freeze = g->config->freeze;
    if (strcmp(freeze, "body") == 0)
        return !is_head(g, w);
    if (strspn(freeze, "0123456789") == strlen(freeze))
        return w->index < atoi(freeze);
    return is_listed(freeze, w->layer);
}

static cairn_status list_frozen(cairn_groups *g)
{
    const char *freeze = g->config->freeze;
    bool number = strspn(freeze, "0123456789") == strlen(freeze);
    int count = 0, learning = 0;
    g->frozen = cairn_alloc(g->ctx, (size_t)cairn_param_count(g->network) + 1, sizeof *g->frozen);
    if (g->frozen == NULL)
        return CAIRN_MEMORY;
    if (*freeze == '\0')
        return CAIRN_OK;
    cairn_status status = number || strcmp(freeze, "body") == 0 ? CAIRN_OK : check_list(g, freeze);
    for (walk w = {.graph = g->network}; status == CAIRN_OK && next(&w);) {
        bool frozen = is_frozen(g, &w);
        learning += !frozen;
        if (frozen && w.begins && (g->frozen[count] = cairn_strdup(g->ctx, w.layer)) == NULL)
            return CAIRN_MEMORY;
        count += frozen && w.begins;
    }
    if (status == CAIRN_OK && learning == 0)
        return cairn_fail(g->ctx, CAIRN_USAGE, "freeze: '%.64s' leaves no layer that learns (%s has %d)",
                          freeze, g->config->model->name, g->depth);
    return status;
}

/* ---- all of it ---- */

cairn_status cairn_groups_prepare(cairn_ctx *ctx, const cairn_config *config,
                                  const cairn_model_settings *settings, cairn_groups *g)
{
    *g = (cairn_groups){.ctx = ctx, .config = config, .classes = settings->classes};
    cairn_model_settings with_heads = *settings;
    with_heads.heads = true;
    cairn_status status = cairn_model_graph(ctx, config->model, &with_heads, CAIRN_INPUT_NUMBERS, 0, NULL,
                                            NULL, NULL, &g->network);
    if (status != CAIRN_OK)
        return status;
    for (walk w = {.graph = g->network}; next(&w);) {
        g->depth = w.weighing;
        if (w.weighs)
            memcpy(g->head, w.layer, sizeof g->head);
    }
    return list_frozen(g);
}

void cairn_groups_free(cairn_groups *g)
{
    for (int i = 0; g->frozen != NULL && g->frozen[i] != NULL; i++)
        cairn_free(g->ctx, (char *)(uintptr_t)g->frozen[i]);
    cairn_free(g->ctx, g->frozen);
    cairn_graph_destroy(g->network);
    *g = (cairn_groups){0};
}

/* Rates rise geometrically from the first layer's share to 1 at the last. */
static float depth_factor(const cairn_groups *g, int index)
{
    double share = (double)g->config->lr_decay;
    if (share == 1 || g->depth < 2)
        return 1;
    double left = (double)(g->depth - 1 - index) / (double)(g->depth - 1);
    return (float)cairn_real_exp(left * cairn_real_log(share));
}

void cairn_groups_apply(cairn_graph *graph, void *groups)
{
    const cairn_groups *g = groups;
    for (walk w = {.graph = graph}; next(&w);) {
        if (!w.info.trainable)
            continue;
        float rate = depth_factor(g, w.index) * (is_head(g, &w) ? g->config->head_lr_factor : 1);
        float decay = g->config->norm_weight_decay || w.info.shape.rank >= 2 ? 1 : 0;
        cairn_param_group(graph, w.info.name, rate, decay);
    }
}
