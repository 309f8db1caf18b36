/* Where the time of a plan's runs goes, and how near to the machine's limits each step comes. */
#ifndef CAIRN_REPORT_PROFILE_H
#define CAIRN_REPORT_PROFILE_H

#include "report/scene.h"
#include <cairn/plan.h>

typedef struct cairn_profile_step {
    const char *name, *op, *kernel, *isa; /* borrowed from the plan */
    double cpu_seconds;                   /* of all threads, in a run: the median of the runs */
    double seconds;     /* what these are of the time of a run, were all threads busy with the step alone */
    double work, bytes; /* of a run */
    int level;          /* of the memory, in which its operands fit */
    double roof;        /* the seconds that the roofline allows: the arithmetic at the peak or the bytes from
                           that level, whichever is longer; 0: not known */
    bool memory_bound;  /* it is the bytes */
} cairn_profile_step;

typedef struct cairn_profile {
    cairn_ctx *ctx;
    int threads;
    double peak; /* 1e9 operations a second of all threads */
    cairn_bandwidth bandwidth;
    double run_seconds; /* of a run, as a clock on the wall has it: the median */
    int count;
    cairn_profile_step *step; /* in the order of running, without those that prepare weights only */
    cairn_profile_step total; /* no name; no level */
} cairn_profile;

/* Measures `runs` runs of a plan that is warm. */
cairn_status cairn_profile_measure(cairn_ctx *ctx, cairn_plan *plan, const cairn_run_options *options,
                                   int runs, double peak, cairn_profile *profile);
void cairn_profile_free(cairn_profile *profile);

/* Level and roof of a step by its work, its bytes and the part of them in use at a time. */
void cairn_profile_judge(const cairn_profile *profile, double working_set, cairn_profile_step *step);

/* 1e9 operations a second. */
double cairn_profile_gflops(const cairn_profile_step *step);

/* Seconds at the roof by seconds taken. */
double cairn_profile_share_of_roof(const cairn_profile_step *step);

/* Fills a scene that cairn_scene_begin has prepared and sets its height: a bar for each step in their order,
 * coloured by operator, and below it the roofline with a dot for each step. text: a line below the title. */
void cairn_plot_profile(cairn_scene *scene, const cairn_profile *profile, const char *title,
                        const char *text);

#define CAIRN_PROFILE_WIDTH 720.0

/* The same as a file: svg, pdf or png by its ending. Written atomically. */
cairn_status cairn_profile_write(const cairn_profile *profile, const char *path, const char *title,
                                 const char *text);

#endif
