/* Drawings of networks as scenes. */
#ifndef CAIRN_REPORT_DRAW_H
#define CAIRN_REPORT_DRAW_H

#include "report/architecture.h"
#include <cairn/report.h>

#define CAIRN_DRAW_WIDTH 480.0 /* points: the text width of an A4 page */

/* Each fills a scene of the given width that cairn_scene_begin has prepared, and sets its height. */

/* Feature maps as stacks of sheets in oblique perspective, for chains. Rows are added until all fits. */
void cairn_draw_volumes(cairn_scene *scene, const cairn_architecture *architecture, const char *title);

/* A row a layer, for any graph; the scene becomes wider if names need that. */
void cairn_draw_strips(cairn_scene *scene, const cairn_architecture *architecture, const char *title);

/* From top to bottom with branches side by side, in columns; the scene becomes as wide as that needs. fold:
 * blocks that come again are drawn once, with a count. False: the network is no nesting of chains and
 * branches, and nothing was drawn. */
bool cairn_draw_flow(cairn_scene *scene, const cairn_architecture *architecture, const char *title,
                     bool fold);

/* The style that AUTO means; a flow instead of volumes for what cannot be drawn so, strips instead of that.
 */
void cairn_draw_scene(cairn_scene *scene, const cairn_architecture *architecture, cairn_draw_style style,
                      const char *title, bool fold);

/* As text for Graphviz. */
void cairn_draw_dot(cairn_text *out, const cairn_architecture *architecture, const char *title);

/* Shared pieces: title with totals (gives the y below it), legend of the kinds that occur (gives the y below
 * it). */
double cairn_draw_heading(cairn_scene *scene, const cairn_architecture *architecture, const char *title);
double cairn_draw_legend(cairn_scene *scene, const cairn_architecture *architecture, double y);

#endif
