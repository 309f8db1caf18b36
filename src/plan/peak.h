/* Loops that show what a core can do at best: fused multiply-adds that touch no memory, and reads that do
 * nothing else. One of each for each kernel level. */
#ifndef CAIRN_PLAN_PEAK_H
#define CAIRN_PLAN_PEAK_H

#include <stddef.h>
#include <stdint.h>

/* Does `rounds` rounds of CAIRN_PEAK_CHAINS multiply-adds on vectors; the result depends on all of them. */
#define CAIRN_PEAK_CHAINS 12

typedef float (*cairn_peak_loop)(int64_t rounds, float factor, float summand);

#if defined(__x86_64__)
float cairn_peak_loop_bf16_avx512bf16(int64_t rounds, float factor, float summand);
float cairn_peak_loop_bf16_avx512(int64_t rounds, float factor, float summand);
float cairn_peak_loop_bf16_avx2(int64_t rounds, float factor, float summand);
float cairn_peak_loop_avx512(int64_t rounds, float factor, float summand);
float cairn_peak_loop_avx2(int64_t rounds, float factor, float summand);
#endif
float cairn_peak_loop_bf16_base(int64_t rounds, float factor, float summand);
float cairn_peak_loop_base(int64_t rounds, float factor, float summand);

/* Reads memory `passes` times, a whole number of steps; the result depends on all of it. */
#define CAIRN_READ_STEP 1024

typedef int64_t (*cairn_read_loop)(const char *data, size_t bytes, int64_t passes);

#if defined(__x86_64__)
int64_t cairn_read_loop_avx512(const char *data, size_t bytes, int64_t passes);
int64_t cairn_read_loop_avx2(const char *data, size_t bytes, int64_t passes);
#endif
int64_t cairn_read_loop_base(const char *data, size_t bytes, int64_t passes);

double cairn_peak_clock(void);

/* Trials a second of all threads together, in the best of the trials, which begin together. Each thread has
 * its own time of each, [thread][trial], so that one that is kept waiting for its processor does not make the
 * others seem slow. Of more threads than cores only as many count, since the others had to wait. */
double cairn_best_trial(const double *seconds, int threads, int trials, int cores);

#endif
