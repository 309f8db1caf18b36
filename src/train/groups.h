/* Which layers learn, and how fast: frozen ones, rates by depth, the head, weight decay. */
#ifndef CAIRN_GROUPS_H
#define CAIRN_GROUPS_H

#include "train/config.h"

typedef struct cairn_groups {
    cairn_ctx *ctx;
    const cairn_config *config;
    const char **frozen; /* layers, ends with NULL; names of `network` */
    cairn_graph *network;
    int classes, depth; /* layers with weights */
    char head[256];     /* the last layer with weights */
} cairn_groups;

/* Looks at the network that the settings give. CAIRN_USAGE when config->freeze names no layer or all. To be
 * freed even after a failure; config and groups must stay where they are until then. */
cairn_status cairn_groups_prepare(cairn_ctx *ctx, const cairn_config *config,
                                  const cairn_model_settings *settings, cairn_groups *groups);
void cairn_groups_free(cairn_groups *groups);

/* cairn_model_training.groups, with the groups as user. */
void cairn_groups_apply(cairn_graph *graph, void *groups);

#endif
