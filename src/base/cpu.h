/* Which kernels this processor can run. */
#ifndef CAIRN_CPU_H
#define CAIRN_CPU_H

#include <stdbool.h>

typedef enum cairn_isa {
    CAIRN_ISA_SCALAR,
    CAIRN_ISA_X86_64_V2,
    CAIRN_ISA_AVX2,
    CAIRN_ISA_AVX512,
    CAIRN_ISA_AVX512BF16,
    CAIRN_ISA_COUNT
} cairn_isa;

/* What the processor has, capped by the environment variable CAIRN_ISA (read once). */
cairn_isa cairn_isa_level(void);

/* What the processor has, without the cap. */
cairn_isa cairn_isa_detected(void);

const char *cairn_isa_text(cairn_isa isa);

/* Parses a level's name; false when there is none of that name. */
bool cairn_isa_parse(const char *text, cairn_isa *isa);

#endif
