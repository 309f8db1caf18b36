/* The parts of a profile's picture, see profile.h. */
#ifndef CAIRN_REPORT_PLOT_PROFILE_H
#define CAIRN_REPORT_PLOT_PROFILE_H

#include "report/profile.h"

#define CAIRN_PROFILE_MARGIN 6.0
#define CAIRN_PROFILE_HEAD_TYPE ((cairn_type){.size = 8.5, .bold = true, .paint = CAIRN_INK})
#define CAIRN_PROFILE_TEXT_TYPE ((cairn_type){.size = 7, .paint = CAIRN_MUTED})
#define CAIRN_PROFILE_NAME_TYPE ((cairn_type){.size = 7, .paint = CAIRN_INK})

typedef struct cairn_profile_picture {
    cairn_scene *scene;
    const cairn_profile *profile;
    cairn_paint *paint; /* by step: that of its operator */
    int *ranked;        /* steps, the longest first */
} cairn_profile_picture;

/* The roofline below y; gives the y below it. */
double cairn_plot_roofline(const cairn_profile_picture *picture, double y);

#endif
