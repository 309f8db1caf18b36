/* Random numbers of augmentation: a row of draws for each (seed, stream, operation, sample, epoch), so that
 * what happens to a picture depends on neither threads nor history. */
#ifndef CAIRN_AUGMENT_DRAWS_H
#define CAIRN_AUGMENT_DRAWS_H

#include "base/rng.h"
#include <stdbool.h>

/* What a row of draws is for. Numbers are frozen: old runs must repeat. 1 belongs to the user stream's split.
 */
typedef enum cairn_draw_op {
    CAIRN_DRAW_RESIZED_CROP = 2,
    CAIRN_DRAW_FLIP = 3,
    CAIRN_DRAW_SCALE = 4,
    CAIRN_DRAW_WINDOW = 5,
    CAIRN_DRAW_JITTER = 6,
    CAIRN_DRAW_TRIVIAL = 7,
    CAIRN_DRAW_LIGHTING = 8,
    CAIRN_DRAW_ERASE = 9,
    CAIRN_DRAW_MIX = 10,        /* of the mixing stream */
    CAIRN_DRAW_SUBSTITUTE = 11, /* of the substitution stream */
} cairn_draw_op;

typedef struct cairn_draws {
    cairn_rng rng;
    uint32_t block, words[4];
    int used; /* of the words */
} cairn_draws;

cairn_draws cairn_draws_at(uint64_t seed, cairn_stream stream, cairn_draw_op op, int64_t sample,
                           uint32_t epoch);

uint32_t cairn_draw_word(cairn_draws *draws);
/* 24 bits in [0, 1). */
double cairn_draw_unit(cairn_draws *draws);
/* Uniform in [low, high). */
double cairn_draw_between(cairn_draws *draws, double low, double high);
/* A whole number in [0, count), each as likely as the others; count from 1. */
uint32_t cairn_draw_below(cairn_draws *draws, uint32_t count);
bool cairn_draw_chance(cairn_draws *draws, double probability);
/* Of mean 0 and deviation 1. */
double cairn_draw_normal(cairn_draws *draws);
/* Beta(alpha, alpha). */
double cairn_draw_beta(cairn_draws *draws, double alpha);

#endif
