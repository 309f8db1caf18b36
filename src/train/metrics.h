/* Running sums of what training and evaluation report. Images are added in a fixed order and in double, so
 * the sums are the same for any number of threads; a checkpoint stores them exactly. */
#ifndef CAIRN_METRICS_H
#define CAIRN_METRICS_H

#include "base/base.h"

typedef struct cairn_tally {
    double loss;                /* sum over images */
    int64_t images, top1, top5; /* counts */
} cairn_tally;

/* Adds n images. logits: n x classes. */
void cairn_tally_add(cairn_tally *tally, int64_t n, int classes, const float *logits, const float *losses,
                     const int32_t *labels);

/* Adds what another one has counted. */
void cairn_tally_join(cairn_tally *tally, const cairn_tally *other);

/* Means over the images so far, 0 when there are none. */
double cairn_tally_loss(const cairn_tally *tally);
double cairn_tally_top1(const cairn_tally *tally); /* percent */
double cairn_tally_top5(const cairn_tally *tally);

/* The class with the largest score, the first one of equals. */
int cairn_answer(const float *logits, int classes);

#endif
