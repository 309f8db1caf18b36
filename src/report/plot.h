/* Plots as scenes: the course of a training, a confusion matrix, pictures side by side. From plain arrays, so
 * that any source will do; numbers that are not finite leave gaps. */
#ifndef CAIRN_REPORT_PLOT_H
#define CAIRN_REPORT_PLOT_H

#include "report/scene.h"
#include <cairn/train.h>

/* Each fills a scene that cairn_scene_begin has prepared and sets its height. */

/* Loss, accuracy, learning rate, time and images a second by epoch, in panels. */
void cairn_plot_training(cairn_scene *scene, const cairn_epoch_metrics *epochs, int count);

/* Accuracy and loss of several runs by epoch, each run in a colour of its own; more than there are colours
 * for are left out. */
#define CAIRN_PLOTTED_RUNS 8
typedef struct cairn_plotted_run {
    const char *name;
    const cairn_epoch_metrics *epochs;
    int count;
} cairn_plotted_run;
void cairn_plot_runs(cairn_scene *scene, const cairn_plotted_run *runs, int count);

/* classes x classes counts, [truth][answer]: a heat map, shaded by the share of the row. Labels and numbers
 * are written as long as they are legible. */
void cairn_plot_confusion(cairn_scene *scene, const int64_t *counts, int classes, const char *const *labels);

/* The search for a learning rate. */
void cairn_plot_rates(cairn_scene *scene, const cairn_lr_search *search);

typedef struct cairn_tile {
    const uint8_t *pixels;
    int h, w, channels;   /* 1 or 3 */
    char line[2][64];     /* below the picture; an empty one takes no place if it is empty in all tiles */
    cairn_paint paint[2]; /* of the lines */
} cairn_tile;

/* Pictures in rows, `across` of them in each, as large as the width allows but at most `largest` points. */
void cairn_plot_tiles(cairn_scene *scene, const cairn_tile *tiles, int count, int across, double largest);

/* The least of 1, 2, 5 times a power of ten that divides the range into at most `parts`. */
double cairn_nice_step(double range, int parts);

#define CAIRN_PAINT_TRAINING (cairn_rgb(0x0072B2))
#define CAIRN_PAINT_VALIDATION (cairn_rgb(0xD55E00))
#define CAIRN_PAINT_OTHER (cairn_rgb(0x009E73))

#endif
