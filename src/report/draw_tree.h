/* A branching network as a tree of chains and modules: what runs side by side, what joins it again, and what
 * is repeated. Drawings are laid out along this tree. */
#ifndef CAIRN_REPORT_DRAW_TREE_H
#define CAIRN_REPORT_DRAW_TREE_H

#include "report/architecture.h"

typedef enum cairn_tree_kind {
    CAIRN_TREE_LEAF,   /* a layer */
    CAIRN_TREE_SERIES, /* children one after the other; no children: a shortcut */
    CAIRN_TREE_MODULE, /* children (series) side by side, and the layer that joins them */
    CAIRN_TREE_GROUP,  /* children that share a scope: drawn in a frame */
    CAIRN_TREE_REPEAT, /* one turn of a chain that occurs `count` times */
    CAIRN_TREE_HEAD, /* a series that leaves the main path and does not come back, framed if it has a name */
} cairn_tree_kind;

#define CAIRN_SCOPE_BYTES 64

typedef struct cairn_tree_node {
    cairn_tree_kind kind;
    int layer;       /* of a leaf; of a module: the join, or -1 when what follows its series joins it */
    int first, next; /* child and sibling, or -1 */
    int count;       /* of a repeat */
    char name[CAIRN_SCOPE_BYTES];  /* scope of a group or repeat: "layer3.0", "layer3.1-22"; may be empty */
    char stage[CAIRN_SCOPE_BYTES]; /* "layer3" for residual blocks that are called alike; may be empty */
} cairn_tree_node;

typedef struct cairn_tree {
    const cairn_architecture *architecture;
    cairn_tree_node *node;
    int count, room;
    int root;     /* a series */
    bool tangled; /* the network is no nesting of chains and branches: there is no tree */
    bool *end;    /* by layer: nobody reads it */
    bool *main;   /* by layer: the scores depend on it */
    cairn_status status;
} cairn_tree;

/* Takes the network apart. fold: equal neighbours become a repeat. The architecture must outlive the tree. */
cairn_status cairn_tree_build(cairn_tree *tree, const cairn_architecture *architecture, bool fold);
void cairn_tree_free(cairn_tree *tree);

/* A new node without children; -1 when memory is short (which sticks in the tree). For draw_tree*.c. */
int cairn_tree_add(cairn_tree *tree, cairn_tree_kind kind, int layer);

/* Frames modules with what belongs to them, folds repeats, names stages. */
void cairn_tree_group(cairn_tree *tree);
void cairn_tree_frame_head(cairn_tree *tree, int series);
void cairn_tree_fold(cairn_tree *tree);
void cairn_tree_stages(cairn_tree *tree);

#endif
