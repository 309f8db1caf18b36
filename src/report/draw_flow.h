/* A branching network drawn from top to bottom: the layout that draw_flow.c paints. Every part of the tree
 * has an axis on which it is entered and left, and reaches so far to both sides of it. */
#ifndef CAIRN_REPORT_DRAW_FLOW_H
#define CAIRN_REPORT_DRAW_FLOW_H

#include "report/draw_tree.h"

#define CAIRN_FLOW_GAP 9.0      /* between a layer and the next one: room for an arrow */
#define CAIRN_FLOW_BESIDE 8.0   /* between branches */
#define CAIRN_FLOW_SHORTCUT 7.0 /* half the width of a branch without layers */
#define CAIRN_FLOW_BOX 21.0     /* height of a layer, of one with a single line, and of a join */
#define CAIRN_FLOW_LOW_BOX 13.0
#define CAIRN_FLOW_SUM 5.0         /* radius */
#define CAIRN_FLOW_FRAME_TOP 20.0  /* from a frame's edge to the first layer: its name, and an arrow */
#define CAIRN_FLOW_FRAME_PAD 6.0   /* its other sides */
#define CAIRN_FLOW_COLUMN_GAP 26.0 /* between the columns of the page */

#define CAIRN_FLOW_TYPE                                                                                      \
    ((cairn_type){.size = 7.4, .bold = true, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_INK})
#define CAIRN_FLOW_NOTE_TYPE ((cairn_type){.size = 7, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_MUTED})
#define CAIRN_FLOW_SCOPE_TYPE ((cairn_type){.size = 7.2, .bold = true, .paint = CAIRN_MUTED})
#define CAIRN_FLOW_COUNT_TYPE                                                                                \
    ((cairn_type){.size = 9, .bold = true, .anchor = CAIRN_ANCHOR_END, .paint = CAIRN_INK})

typedef struct cairn_extent {
    double left, right; /* of the axis, both positive */
    double height;
} cairn_extent;

typedef struct cairn_flow {
    cairn_scene *scene;
    const cairn_architecture *architecture;
    const cairn_tree *tree;
    cairn_extent *extent; /* by node of the tree */
    double box_width;
    int columns;
    int *column_start; /* first child of the root in each column, and -1 behind the last */
    double width, height;
} cairn_flow;

/* Lines of a layer's box; returns how many. */
int cairn_flow_lines(const cairn_layer *layer, char line[2][96]);

/* Is the module's join a sum, drawn as a circle? */
bool cairn_flow_is_sum(const cairn_flow *flow, int layer);

/* The branch of a module that stays on the axis, or -1 when all are spread evenly to both sides. */
int cairn_flow_main_branch(const cairn_flow *flow, int module);

/* Extent of one column of the page, with frames around stages. */
cairn_extent cairn_flow_column(const cairn_flow *flow, int first, int end);

/* Measures all and divides it into columns so that the page is about as wide as a slide. Memory for extents
 * and columns comes from the scene's context; CAIRN_MEMORY when short. */
cairn_status cairn_flow_arrange(cairn_flow *flow);
void cairn_flow_free(cairn_flow *flow);

#endif
