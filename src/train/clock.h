/* Time that never jumps. It is shown and logged, and decides nothing. */
#ifndef CAIRN_CLOCK_H
#define CAIRN_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double cairn_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
