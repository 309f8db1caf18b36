/* The learning rate of every step: a linear warm-up, then one of several courses. Pure functions, so that a
 * resumed run needs nothing but its step and the few numbers of cairn_plateau. */
#ifndef CAIRN_SCHEDULE_H
#define CAIRN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cairn_schedule_kind {
    CAIRN_SCHEDULE_CONSTANT,
    CAIRN_SCHEDULE_STEP,       /* a drop after each period: ResNet's 30 of 90 epochs, Inception's 2 */
    CAIRN_SCHEDULE_MULTISTEP,  /* a drop at each milestone */
    CAIRN_SCHEDULE_COSINE,     /* half a cosine down to the end of the run; Loshchilov and Hutter 2017 */
    CAIRN_SCHEDULE_POLYNOMIAL, /* (1 - t)^power down to the end of the run; Caffe's GoogLeNet */
    CAIRN_SCHEDULE_ONE_CYCLE,  /* up, and further down than it began; Smith and Topin 2018 */
    CAIRN_SCHEDULE_PLATEAU,    /* a drop when the evaluated loss stops falling; Krizhevsky et al. 2012 */
} cairn_schedule_kind;

#define CAIRN_MAX_MILESTONES 16

/* Zero means the default in [brackets]. */
typedef struct cairn_schedule {
    cairn_schedule_kind kind;
    double lr;     /* after warm-up; one cycle: the highest */
    int64_t steps; /* of the whole run */
    int64_t warmup_steps;
    double warmup_factor; /* share of lr that warm-up begins above [0] */
    double lr_min;        /* at the end: cosine, polynomial [0] */
    double gamma;         /* factor of a drop [0.1] */
    double period;        /* step: steps between drops [a third of what follows the warm-up] */
    int milestone_count;
    double milestones[CAIRN_MAX_MILESTONES]; /* multistep: steps, rising */
    double power;                            /* polynomial [1] */
    double climb;                            /* one cycle: share of the run before the highest rate [0.3] */
    double climb_factor;                     /* one cycle: the highest rate in terms of the first [25] */
    double fall_factor;                      /* one cycle: the first rate in terms of the last [1e4] */
} cairn_schedule;

/* What the plateau schedule remembers from epoch to epoch; a part of every checkpoint. */
typedef struct cairn_plateau {
    double best;    /* lowest loss so far */
    int64_t waited; /* epochs since then */
    int64_t drops;  /* so far */
} cairn_plateau;

/* By its name: "constant", "one-cycle", ...; false when there is none. */
bool cairn_schedule_parse(const char *name, cairn_schedule_kind *kind);
const char *cairn_schedule_name(cairn_schedule_kind kind);

/* All names, joined by '|'. */
#define CAIRN_SCHEDULE_NAMES "constant|step|multistep|cosine|polynomial|one-cycle|plateau"

/* The rate of global step 0, 1, ... */
float cairn_schedule_rate(const cairn_schedule *schedule, const cairn_plateau *plateau, int64_t step);

void cairn_plateau_begin(cairn_plateau *plateau);

/* To be told the evaluated loss after each epoch. patience: epochs without progress that are forgiven. */
void cairn_plateau_update(cairn_plateau *plateau, double loss, int64_t patience);

#endif
