/* Random numbers from a counter: Philox 4x32-10 (Salmon et al. 2011). Every value is a pure function
 * of seed, stream, epoch, sample, operation and draw number, so threads and resumes change nothing. */
#ifndef CAIRN_RNG_H
#define CAIRN_RNG_H

#include <stdint.h>

/* What a draw is for. Numbers are frozen: old runs must repeat. */
typedef enum cairn_stream {
    CAIRN_STREAM_INIT = 1, /* sample = element / 4, epoch = parameter ordinal */
    CAIRN_STREAM_SHUFFLE = 2,
    CAIRN_STREAM_AUGMENT = 3,
    CAIRN_STREAM_MIX = 4,     /* sample = global step */
    CAIRN_STREAM_DROPOUT = 5, /* slot = layer; blocks count activations in the order they lie */
    CAIRN_STREAM_SUBSTITUTE = 6,
    CAIRN_STREAM_USER = 7,
} cairn_stream;

typedef struct cairn_rng {
    uint32_t key[2];
    uint32_t counter[4];
} cairn_rng;

/* A generator at its first block. op: operation id (8 bits), slot: 16 bits, sample: 44 bits,
 * epoch: 20 bits. */
cairn_rng cairn_rng_at(uint64_t seed, cairn_stream stream, unsigned op, unsigned slot, uint64_t sample,
                       uint32_t epoch);

/* The four words of block number `block`. */
void cairn_rng_block(const cairn_rng *rng, uint32_t block, uint32_t words[4]);

/* 24 bits in [0, 1). */
static inline float cairn_rng_unit(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

#endif
