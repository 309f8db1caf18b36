/* Detection of the kernel level and of the processor family. */
#include "base/cpu.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* The level of the compilers' own 128-bit vectors, and how many operations a multiply-add takes there. */
#if defined(__x86_64__)
#define BASE_NAME "x86-64-v2"
#define BASE_OPERATIONS 2
#elif defined(__aarch64__)
#define BASE_NAME "neon"
#define BASE_OPERATIONS 1
#else
#define BASE_NAME "base"
#define BASE_OPERATIONS 2
#endif

static const char *const names[CAIRN_ISA_COUNT] = {"scalar", BASE_NAME, "avx2", "avx512", "avx512bf16"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cairn_isa level;

cairn_isa cairn_isa_detected(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    bool avx2 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#if defined(CAIRN_EMULATE_AVX512)
    if (avx2)
        return CAIRN_ISA_AVX512BF16;
#endif
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    if (avx512 && __builtin_cpu_supports("avx512bf16"))
        return CAIRN_ISA_AVX512BF16;
    return avx512 ? CAIRN_ISA_AVX512 : avx2 ? CAIRN_ISA_AVX2 : v2 ? CAIRN_ISA_BASE : CAIRN_ISA_SCALAR;
#else
    return CAIRN_ISA_BASE;
#endif
}

bool cairn_isa_parse(const char *text, cairn_isa *isa)
{
    for (int i = 0; i < CAIRN_ISA_COUNT; i++)
        if (strcmp(text, names[i]) == 0) {
            *isa = (cairn_isa)i;
            return true;
        }
    return false;
}

static void choose(void)
{
    cairn_isa cap, best = cairn_isa_detected();
    const char *wanted = getenv("CAIRN_ISA");
#if defined(CAIRN_EMULATE_AVX512) /* slow: for those who ask */
    level = best < CAIRN_ISA_AVX2 ? best : CAIRN_ISA_AVX2;
#else
    level = best;
#endif
    if (wanted != NULL && cairn_isa_parse(wanted, &cap) && cap <= best)
        level = cap;
}

cairn_isa cairn_isa_level(void)
{
    pthread_once(&once, choose);
    return level;
}

const char *cairn_isa_text(cairn_isa isa)
{
    return names[isa];
}

/* ---- families ---- */

typedef struct family {
    const char *name;
    unsigned vendor; /* first letters, as cpuid gives them; 0: any */
    unsigned family, first_model, last_model;
    double ghz;
    double lanes, wide_lanes; /* floats that are multiplied and added in a cycle, by AVX2 and by AVX-512 */
    double l2_read, l3_read, dram_read, sums; /* 1e9 bytes a second and core */
    int64_t l2_kib, l3_kib;
} family;

#define AMD 0x68747541u   /* "Auth" */
#define INTEL 0x756e6547u /* "Genu" */

/* Lanes and sizes are the makers'. Rates are fitted on Zen 3, calibrated on Zen and, that of sums, on Zen 4,
 * and estimates elsewhere: choices there are to be checked when such a machine is at hand. */
static const family families[] = {
    {"Zen", AMD, 0x17, 0x00, 0x2f, 2.6, 8, 8, 50, 20, 9, 50, 512, 4096},
    {"Zen 2", AMD, 0x17, 0x30, 0xff, 3.2, 16, 16, 100, 40, 18, 45, 512, 4096},
    {"Zen 4", AMD, 0x19, 0x10, 0x1f, 3.6, 16, 16, 100, 90, 18, 60, 1024, 4096},
    {"Zen 4", AMD, 0x19, 0x60, 0xaf, 3.6, 16, 16, 100, 90, 18, 60, 1024, 4096},
    {"Zen 3", AMD, 0x19, 0x00, 0xff, 3.4, 16, 16, 120, 50, 24, 50, 512, 4096},
    {"Zen 5", AMD, 0x1a, 0x00, 0xff, 3.8, 16, 32, 120, 75, 17, 40, 1024, 4096},
    {"Skylake-SP", INTEL, 6, 0x55, 0x55, 2.8, 16, 32, 100, 14, 9, 30, 1024, 1408},
    {"Ice Lake-SP", INTEL, 6, 0x6a, 0x6c, 2.9, 16, 32, 100, 14, 11, 30, 1280, 1536},
    {"Sapphire Rapids", INTEL, 6, 0x8f, 0xcf, 3.0, 16, 32, 110, 14, 13, 30, 2048, 1920},
    {"unknown", 0, 0, 0, 0, 3.0, 16, 16, 60, 20, 10, 25, 512, 2048},
};

static pthread_once_t machine_once = PTHREAD_ONCE_INIT;
static cairn_machine machine;

static const family *find_family(void)
{
    const family *last = &families[sizeof families / sizeof *families - 1];
#if defined(__x86_64__)
    unsigned eax, vendor, ecx, edx, signature;
    if (!__get_cpuid(0, &eax, &vendor, &ecx, &edx) || !__get_cpuid(1, &signature, &eax, &ecx, &edx))
        return last;
    unsigned number = signature >> 8 & 0xf, model = signature >> 4 & 0xf;
    if (number == 0xf)
        number += signature >> 20 & 0xff;
    if (number == 6 || number >= 0xf)
        model += signature >> 12 & 0xf0;
    for (const family *f = families; f < last; f++)
        if (f->vendor == vendor && f->family == number && f->first_model <= model && model <= f->last_model)
            return f;
#endif
    return last;
}

/* Where bfloat16 are multiplied as floats: on Zen 3 0.9 to 1.03, by layers of ResNeXt-50 with long sums that
 * both compute directly. */
#define WITHOUT_INSTRUCTION 0.95

static void describe_machine(void)
{
    const family *f = find_family();
    cairn_isa isa = cairn_isa_level();
    double lanes = isa >= CAIRN_ISA_AVX512 ? f->wide_lanes
                   : isa == CAIRN_ISA_AVX2 ? f->lanes
                                           : f->lanes / 2 / BASE_OPERATIONS;
    machine = (cairn_machine){.family = f->name,
                              .flops = 2e9 * f->ghz * lanes,
                              .bf16_flops = 2e9 * f->ghz * lanes *
                                            (isa >= CAIRN_ISA_AVX512BF16 ? 2 : WITHOUT_INSTRUCTION),
                              .l2_read = 1e9 * f->l2_read,
                              .l3_read = 1e9 * f->l3_read,
                              .dram_read = 1e9 * f->dram_read,
                              .sums = 1e9 * f->sums,
                              .l2_bytes = f->l2_kib << 10,
                              .l3_bytes = f->l3_kib << 10};
}

const cairn_machine *cairn_machine_here(void)
{
    pthread_once(&machine_once, describe_machine);
    return &machine;
}

void cairn_cpu_name(char name[CAIRN_CPU_NAME_BYTES])
{
    memset(name, 0, CAIRN_CPU_NAME_BYTES);
#if defined(__x86_64__)
    unsigned words[12] = {0};
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                         &words[4 * i + 3]))
            break;
    memcpy(name, words, sizeof words);
#endif
    if (name[0] == '\0')
        strncpy(name, cairn_machine_here()->family, CAIRN_CPU_NAME_BYTES - 1);
}
