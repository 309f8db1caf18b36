/* Measures the peak: all threads run the multiply-add loop at the same time, and the best of some trials
 * counts, since whatever disturbs a trial makes it slower. */
#include "plan/peak.h"
#include "base/cpu.h"
#include "base/threads.h"
#include <cairn/plan.h>
#include <time.h>

#define TRIALS 32
#define ROUNDS 100000

typedef struct peak_trials {
    cairn_peak_loop loop;
    cairn_barrier barrier;
    int threads;
    double *seconds;    /* [thread][trial] */
    _Atomic float keep; /* so that the loops are not found useless */
} peak_trials;

double cairn_peak_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double cairn_best_trial(const double *seconds, int threads, int trials, int cores)
{
    double best = 0;
    for (int i = 0; i < trials; i++) {
        double rate = 0;
        for (int t = 0; t < threads; t++)
            rate += 1 / seconds[t * trials + i];
        best = rate > best ? rate : best;
    }
    return threads > cores ? best * cores / threads : best;
}

static void run_trials(void *arg, int index)
{
    peak_trials *trials = arg;
    for (int i = 0; i < TRIALS; i++) {
        cairn_barrier_wait(&trials->barrier, trials->threads);
        double begin = cairn_peak_clock();
        float value = trials->loop(ROUNDS, 0.5f, 1.0f);
        trials->seconds[index * TRIALS + i] = cairn_peak_clock() - begin;
        trials->keep = value;
    }
}

double cairn_measure_peak(cairn_ctx *ctx, cairn_dtype precision)
{
    peak_trials trials = {.loop = cairn_peak_loop_base, .threads = cairn_threads(ctx)};
    int lanes = 4; /* products of an instruction */
#if defined(__x86_64__)
    if (precision == CAIRN_BF16 && cairn_isa_level() >= CAIRN_ISA_AVX512BF16) {
        trials.loop = cairn_peak_loop_bf16_avx512bf16;
        lanes = 32;
    } else if (cairn_isa_level() >= CAIRN_ISA_AVX512) {
        trials.loop = cairn_peak_loop_avx512;
        lanes = 16;
    } else if (cairn_isa_level() >= CAIRN_ISA_AVX2) {
        trials.loop = cairn_peak_loop_avx2;
        lanes = 8;
    }
#endif
    (void)precision;
    double best = 0;
    trials.seconds = cairn_alloc(ctx, (size_t)trials.threads * TRIALS, sizeof *trials.seconds);
    if (trials.seconds != NULL && cairn_parallel(ctx, trials.threads, run_trials, &trials) == CAIRN_OK)
        best = cairn_best_trial(trials.seconds, trials.threads, TRIALS, cairn_available_cores());
    cairn_free(ctx, trials.seconds);
    return 2e-9 * ROUNDS * CAIRN_PEAK_CHAINS * lanes * best;
}
