/* Philox 4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011. */
#include "base/rng.h"

#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define KEY_STEP_0 0x9E3779B9u
#define KEY_STEP_1 0xBB67AE85u
#define ROUNDS 10

cairn_rng cairn_rng_at(uint64_t seed, cairn_stream stream, unsigned op, unsigned slot, uint64_t sample,
                       uint32_t epoch)
{
    cairn_rng rng;
    rng.key[0] = (uint32_t)seed;
    rng.key[1] = (uint32_t)(seed >> 32);
    rng.counter[0] = 0;
    rng.counter[1] = (uint32_t)stream << 24 | (op & 0xFFu) << 16 | (slot & 0xFFFFu);
    rng.counter[2] = (uint32_t)sample;
    rng.counter[3] = (uint32_t)(sample >> 32 & 0xFFFu) << 20 | (epoch & 0xFFFFFu);
    return rng;
}

void cairn_rng_block(const cairn_rng *rng, uint32_t block, uint32_t words[4])
{
    uint32_t c0 = rng->counter[0] + block, c1 = rng->counter[1], c2 = rng->counter[2], c3 = rng->counter[3];
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = (uint64_t)MULTIPLIER_0 * c0, b = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += KEY_STEP_0;
        k1 += KEY_STEP_1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}
