/* The learning rate of every step: a linear warm-up, then constant, step, cosine or plateau. Pure functions,
 * so that a resumed run needs nothing but its step and the few numbers of cairn_plateau. */
#ifndef CAIRN_SCHEDULE_H
#define CAIRN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cairn_schedule_kind {
    CAIRN_SCHEDULE_CONSTANT,
    CAIRN_SCHEDULE_STEP,    /* a tenth after each third of the run (ResNet: 30 of 90 epochs) */
    CAIRN_SCHEDULE_COSINE,  /* half a cosine down to zero at the end of the run; Loshchilov and Hutter 2017 */
    CAIRN_SCHEDULE_PLATEAU, /* a tenth when the evaluated loss stops falling; Krizhevsky et al. 2012 */
} cairn_schedule_kind;

typedef struct cairn_schedule {
    cairn_schedule_kind kind;
    double lr;     /* after warm-up */
    int64_t steps; /* of the whole run */
    int64_t warmup_steps;
} cairn_schedule;

/* What the plateau schedule remembers from epoch to epoch; a part of every checkpoint. */
typedef struct cairn_plateau {
    double best;    /* lowest loss so far */
    int64_t waited; /* epochs since then */
    int64_t drops;  /* tenths applied so far */
} cairn_plateau;

/* "constant", "step", "cosine" or "plateau"; false when it is none of them. */
bool cairn_schedule_parse(const char *name, cairn_schedule_kind *kind);
const char *cairn_schedule_name(cairn_schedule_kind kind);

/* The rate of global step 0, 1, ... */
float cairn_schedule_rate(const cairn_schedule *schedule, const cairn_plateau *plateau, int64_t step);

void cairn_plateau_begin(cairn_plateau *plateau);

/* To be told the evaluated loss after each epoch. */
void cairn_plateau_update(cairn_plateau *plateau, double loss);

#endif
