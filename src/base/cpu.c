/* Detection of the kernel level. */
#include "base/cpu.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CAIRN_ISA_COUNT] = {"scalar", "x86-64-v2", "avx2", "avx512", "avx512bf16"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cairn_isa level;

cairn_isa cairn_isa_detected(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    bool avx2 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    if (avx512 && __builtin_cpu_supports("avx512bf16"))
        return CAIRN_ISA_AVX512BF16;
    return avx512 ? CAIRN_ISA_AVX512 : avx2 ? CAIRN_ISA_AVX2 : v2 ? CAIRN_ISA_X86_64_V2 : CAIRN_ISA_SCALAR;
#else
    return CAIRN_ISA_X86_64_V2; /* the portable vector kernels */
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
    cairn_isa cap;
    const char *wanted = getenv("CAIRN_ISA");
    level = cairn_isa_detected();
    if (wanted != NULL && cairn_isa_parse(wanted, &cap) && cap < level)
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
