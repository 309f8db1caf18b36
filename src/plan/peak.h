/* Loops of fused multiply-adds that touch no memory: what a core can do at best. One for each kernel level.
 */
#ifndef CAIRN_PLAN_PEAK_H
#define CAIRN_PLAN_PEAK_H

#include <stdint.h>

/* Does `rounds` rounds of CAIRN_PEAK_CHAINS multiply-adds on vectors; the result depends on all of them. */
#define CAIRN_PEAK_CHAINS 12

typedef float (*cairn_peak_loop)(int64_t rounds, float factor, float summand);

#if defined(__x86_64__)
float cairn_peak_loop_avx512(int64_t rounds, float factor, float summand);
float cairn_peak_loop_avx2(int64_t rounds, float factor, float summand);
#endif
float cairn_peak_loop_base(int64_t rounds, float factor, float summand);

#endif
