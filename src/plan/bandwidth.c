/* Measures how fast the threads together read from each level of the memory: all run the same loop over a
 * piece of memory of their own that fits into the level and not into the one before it. */
#include "base/cpu.h"
#include "base/threads.h"
#include "plan/peak.h"
#include <cairn/plan.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define TRIALS 16
#define MIB (1024.0 * 1024.0)
#define TRIAL_BYTES (16 * MIB) /* that a thread reads in a trial, at least one pass */
#define DRAM_LEAST (128 * MIB) /* of all threads; a cache may be larger than a virtual machine tells */
#define DRAM_MOST (512 * MIB)

typedef struct cache {
    double bytes;
    int sharers; /* threads of the machine that share it */
} cache;

/* ---- sizes ---- */

#if defined(__x86_64__)
#define AMD_VENDOR 0x68747541u

/* As the processor tells: type, level, and sizes less one in bit fields. */
static void ask_processor(cache caches[3])
{
    unsigned eax, ebx, ecx, edx, vendor = 0;
    if (!__get_cpuid(0, &eax, &vendor, &ecx, &edx))
        return;
    unsigned leaf = vendor == AMD_VENDOR ? 0x8000001du : 4u;
    for (unsigned i = 0; i < 8 && __get_cpuid_count(leaf, i, &eax, &ebx, &ecx, &edx); i++) {
        unsigned type = eax & 0x1f, level = eax >> 5 & 7;
        if (type == 0)
            break;
        if (type == 2 || level < 1 || level > 3) /* instructions */
            continue;
        double line = (ebx & 0xfff) + 1, partitions = (ebx >> 12 & 0x3ff) + 1, ways = (ebx >> 22) + 1;
        caches[level - 1] =
            (cache){line * partitions * ways * ((double)ecx + 1), (int)(eax >> 14 & 0xfff) + 1};
    }
}
#endif

static void find_caches(cache caches[3])
{
    static const int names[3] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    static const double usual[3] = {32 * 1024, 512 * 1024, 0};
#if defined(__x86_64__)
    ask_processor(caches);
#endif
    for (int i = 0; i < 3; i++) {
        long bytes = caches[i].bytes > 0 ? 0 : sysconf(names[i]);
        if (caches[i].bytes <= 0)
            caches[i] = (cache){bytes > 0 ? (double)bytes : usual[i], i < 2 ? 1 : 1 << 12};
    }
}

/* ---- reading ---- */

typedef struct reading {
    cairn_read_loop loop;
    cairn_barrier barrier;
    int threads;
    char *memory;
    size_t share;                      /* of a thread */
    size_t bytes[CAIRN_MEMORY_LEVELS]; /* that a thread reads in a pass; 0: level is absent */
    double *seconds;                   /* [level][thread][trial] */
    _Atomic int64_t keep;              /* so that the loops are not found useless */
} reading;

static int64_t passes_of(size_t bytes)
{
    int64_t passes = (int64_t)(TRIAL_BYTES / (double)bytes);
    return passes < 1 ? 1 : passes;
}

static void run_trials(void *arg, int index)
{
    reading *r = arg;
    char *mine = r->memory + (size_t)index * r->share;
    memset(mine, 1, r->share); /* pages nobody wrote to are all the same one */
    for (int level = 0; level < CAIRN_MEMORY_LEVELS; level++) {
        if (r->bytes[level] == 0)
            continue;
        double *seconds = r->seconds + (level * r->threads + index) * TRIALS;
        for (int trial = 0; trial < TRIALS; trial++) {
            cairn_barrier_wait(&r->barrier, r->threads);
            double begin = cairn_peak_clock();
            int64_t sum = r->loop(mine, r->bytes[level], passes_of(r->bytes[level]));
            seconds[trial] = cairn_peak_clock() - begin;
            r->keep = sum;
        }
    }
}

static size_t whole_steps(double bytes)
{
    return (size_t)(bytes / CAIRN_READ_STEP) * CAIRN_READ_STEP;
}

/* Half of a cache leaves room for what else lives there, and for a second thread of the core. */
static void choose_sizes(reading *r, const cache caches[3])
{
    double physical = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double dram = 4 * caches[2].bytes < DRAM_LEAST ? DRAM_LEAST : 4 * caches[2].bytes;
    dram = dram > DRAM_MOST ? DRAM_MOST : dram;
    dram = dram > physical / 8 ? physical / 8 : dram;
    r->share = whole_steps(dram / r->threads);
    r->bytes[0] = whole_steps(caches[0].bytes / 2);
    r->bytes[1] = whole_steps(caches[1].bytes / 2);
    int sharers = r->threads < caches[2].sharers ? r->threads : caches[2].sharers;
    double l3 = caches[2].bytes / 2 / sharers;
    if (l3 < 2 * caches[1].bytes) /* it may hold only what the second level does not */
        l3 = 2 * caches[1].bytes;
    r->bytes[2] = caches[2].bytes > 0 ? whole_steps(l3) : 0;
    r->bytes[3] = r->share;
    for (int level = 0; level < 3; level++)
        if (r->bytes[level] > r->share)
            r->bytes[level] = r->share;
}

static cairn_read_loop loop_here(void)
{
#if defined(__x86_64__)
    if (cairn_isa_level() >= CAIRN_ISA_AVX512)
        return cairn_read_loop_avx512;
    if (cairn_isa_level() >= CAIRN_ISA_AVX2)
        return cairn_read_loop_avx2;
#endif
    return cairn_read_loop_base;
}

cairn_status cairn_measure_bandwidth(cairn_ctx *ctx, cairn_bandwidth *bandwidth)
{
    static const char *const names[CAIRN_MEMORY_LEVELS] = {"L1", "L2", "L3", "DRAM"};
    cache caches[3] = {{0, 0}};
    *bandwidth = (cairn_bandwidth){0};
    find_caches(caches);
    reading r = {.loop = loop_here(), .threads = cairn_threads(ctx)};
    size_t threads = (size_t)r.threads;
    int cores = cairn_available_cores(), working = r.threads < cores ? r.threads : cores;
    choose_sizes(&r, caches);
    r.memory = cairn_alloc_aligned(ctx, r.share * threads);
    r.seconds = cairn_alloc(ctx, threads * TRIALS * CAIRN_MEMORY_LEVELS, sizeof *r.seconds);
    cairn_status status = r.memory == NULL || r.seconds == NULL ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK)
        status = cairn_parallel(ctx, r.threads, run_trials, &r);
    for (int i = 0; i < CAIRN_MEMORY_LEVELS && status == CAIRN_OK; i++) {
        cairn_memory_level *level = &bandwidth->level[i];
        level->name = names[i];
        if (i < 3)
            level->bytes = caches[i].bytes * (i < 2 ? working : (working - 1) / caches[i].sharers + 1);
        if (r.bytes[i] > 0)
            level->read = 1e-9 * (double)r.bytes[i] * (double)passes_of(r.bytes[i]) *
                          cairn_best_trial(r.seconds + i * r.threads * TRIALS, r.threads, TRIALS, cores);
    }
    cairn_free(ctx, r.seconds);
    cairn_free_aligned(ctx, r.memory);
    return status;
}
