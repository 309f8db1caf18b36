/* The layout of a network drawn as volumes: what draw_volumes.c paints. */
#ifndef CAIRN_REPORT_VOLUMES_H
#define CAIRN_REPORT_VOLUMES_H

#include "report/architecture.h"

#define CAIRN_MAX_VOLUMES 64
#define CAIRN_MAX_VOLUME_LINES 6
#define CAIRN_VOLUME_LINE_HEIGHT 9.4

#define CAIRN_VOLUME_NAME_TYPE                                                                               \
    ((cairn_type){.size = 8, .bold = true, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_INK})
#define CAIRN_VOLUME_SIZE_TYPE ((cairn_type){.size = 8, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_INK})
#define CAIRN_VOLUME_ACTION_TYPE                                                                             \
    ((cairn_type){.size = 7.2, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_INK})

typedef struct cairn_volume_line {
    char text[64];
    bool muted;
} cairn_volume_line;

/* A layer as it will be seen. */
typedef struct cairn_volume {
    const cairn_layer *layer;
    bool column;
    int sheets;
    double side_w, side_h; /* front sheet, or front of the column */
    double depth;          /* shift of the last sheet, right and up */
    double width, height;  /* with the depth */
    double label_width;
    char name[64], size[48];
    cairn_volume_line line[CAIRN_MAX_VOLUME_LINES]; /* under the arrow that leads here */
    int lines;
    double text_width;
    int row;
    double left, top; /* of the bounding box */
    double arrow;     /* middle of the gap before it */
} cairn_volume;

typedef struct cairn_volumes {
    cairn_scene *scene;
    int count;
    cairn_volume block[CAIRN_MAX_VOLUMES];
    double largest; /* side of the largest map, in pixels */
    int64_t most_channels, most_units;
    double scale; /* of the blocks, 1 when there is room */
    double wrap;  /* greatest width of a text under an arrow */
    int rows;
} cairn_volumes;

/* Sizes all blocks and puts them in as few rows as the width of the scene allows; vertical places are left
 * open. */
void cairn_volumes_arrange(cairn_volumes *l, cairn_scene *scene, const cairn_architecture *architecture);

#endif
