/* Pictures of what a network has learned: its filters, and its maps of one picture. */
#ifndef CAIRN_REPORT_INSIDE_H
#define CAIRN_REPORT_INSIDE_H

#include "report/run_record.h"

/* The layer of the n-th convolution, from 0; NULL when there are fewer. */
const cairn_layer *cairn_nth_convolution(const cairn_architecture *architecture, int n);

/* The filters of a convolution: a tile for each output map where one or three maps come in, else a matrix of
 * tiles, a row for each input map. Blue is negative, orange positive, white zero. CAIRN_INPUT without such
 * weights. */
cairn_status cairn_draw_filters(cairn_scene *scene, const cairn_weights *weights, const cairn_layer *layer);

/* The maps of all layers for one picture of the data, a row a layer. */
cairn_status cairn_draw_maps(cairn_scene *scene, const cairn_run_record *record, int64_t index);

/* A picture of the data as the network sees it. cairn_picture_free. */
cairn_status cairn_seen_picture(const cairn_run_record *record, int64_t index, cairn_picture *picture);

#endif
