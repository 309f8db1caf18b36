/* Measures the peak: all threads run the multiply-add loop at the same time, and the best of some trials
 * counts, since whatever disturbs a trial makes it slower. */
#include "plan/peak.h"
#include "base/cpu.h"
#include "base/threads.h"
#include <cairn/plan.h>
#include <time.h>

#define TRIALS 8
#define ROUNDS 400000

typedef struct peak_trials {
    cairn_peak_loop loop;
    cairn_barrier barrier;
    int threads;
    double seconds[TRIALS]; /* by the clock of thread 0, between two barriers */
    _Atomic float keep;     /* so that the loops are not found useless */
} peak_trials;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_trials(void *arg, int index)
{
    peak_trials *trials = arg;
    for (int i = 0; i < TRIALS; i++) {
        cairn_barrier_wait(&trials->barrier, trials->threads);
        double begin = now();
        float value = trials->loop(ROUNDS, 0.5f, 1.0f);
        cairn_barrier_wait(&trials->barrier, trials->threads);
        if (index == 0)
            trials->seconds[i] = now() - begin;
        trials->keep = value;
    }
}

double cairn_measure_peak(cairn_ctx *ctx)
{
    peak_trials trials = {.loop = cairn_peak_loop_base, .threads = cairn_threads(ctx)};
    int lanes = 4;
#if defined(__x86_64__)
    if (cairn_isa_level() >= CAIRN_ISA_AVX512) {
        trials.loop = cairn_peak_loop_avx512;
        lanes = 16;
    } else if (cairn_isa_level() >= CAIRN_ISA_AVX2) {
        trials.loop = cairn_peak_loop_avx2;
        lanes = 8;
    }
#endif
    if (cairn_parallel(ctx, trials.threads, run_trials, &trials) != CAIRN_OK)
        return 0;
    double best = trials.seconds[0];
    for (int i = 1; i < TRIALS; i++)
        best = trials.seconds[i] < best ? trials.seconds[i] : best;
    return 2e-9 * ROUNDS * CAIRN_PEAK_CHAINS * lanes * trials.threads / best;
}
