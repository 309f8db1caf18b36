/* Which kernels this processor can run. */
#ifndef CAIRN_CPU_H
#define CAIRN_CPU_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cairn_isa {
    CAIRN_ISA_SCALAR,
    CAIRN_ISA_BASE, /* vectors of 128 bits: x86-64-v2, or NEON */
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

/* The processor's own name for itself; its family's where it has none. */
#define CAIRN_CPU_NAME_BYTES 49
void cairn_cpu_name(char name[CAIRN_CPU_NAME_BYTES]);

/* What a core does in a second, roughly, when all cores are at work: what kernels are chosen by. Constants by
 * processor family and kernel level, never measured, so that the same machine always chooses the same. */
typedef struct cairn_machine {
    const char *family;
    double flops;               /* multiply-adds in CAIRN_F32, each counted 2 */
    double bf16_flops;          /* products of bfloat16 in floats */
    double l2_read, l3_read;    /* bytes */
    double dram_read;           /* bytes */
    double sums;                /* bytes read and written by sums of rows that lie apart */
    int64_t l2_bytes, l3_bytes; /* that a core can count on */
} cairn_machine;

const cairn_machine *cairn_machine_here(void);

/* Parses a level's name; false when there is none of that name. */
bool cairn_isa_parse(const char *text, cairn_isa *isa);

#endif
