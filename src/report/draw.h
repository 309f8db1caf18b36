/* Drawings of networks as scenes. */
#ifndef CAIRN_REPORT_DRAW_H
#define CAIRN_REPORT_DRAW_H

#include "report/architecture.h"
#include <cairn/report.h>

#define CAIRN_DRAW_WIDTH 480.0 /* points: the text width of an A4 page */

/* Each fills a scene of the given width that cairn_scene_begin has prepared, and sets its height. */

/* Feature maps as stacks of sheets in oblique perspective, for chains. Rows are added until all fits. */
void cairn_draw_volumes(cairn_scene *scene, const cairn_architecture *architecture, const char *title);

/* A row a layer, for any graph. */
void cairn_draw_strips(cairn_scene *scene, const cairn_architecture *architecture, const char *title);

/* The style that AUTO means, with what cannot be drawn as volumes folded into strips. */
void cairn_draw_scene(cairn_scene *scene, const cairn_architecture *architecture, cairn_draw_style style,
                      const char *title);

/* As text for Graphviz. */
void cairn_draw_dot(cairn_text *out, const cairn_architecture *architecture, const char *title);

/* Shared pieces: title with totals (gives the y below it), legend of the kinds that occur (gives the y below
 * it). */
double cairn_draw_heading(cairn_scene *scene, const cairn_architecture *architecture, const char *title);
double cairn_draw_legend(cairn_scene *scene, const cairn_architecture *architecture, double y);

#endif
