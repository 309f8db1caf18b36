/* Golden networks: weights and inputs by formula, expected numbers from JSON. The formula is documented with
 * the golden data: FNV-1a of the tensor's name, a 64-bit finaliser of (hash, seed, index), 24 bits of it. */
#ifndef CAIRN_TESTS_GOLDEN_H
#define CAIRN_TESTS_GOLDEN_H

#include <cairn/cairn.h>
#include <jansson.h>

uint64_t golden_hash(const char *name);

/* Element `index` of the uniform sequence of a name, in [-1, 1). */
double golden_unit(uint64_t hash, uint64_t seed, uint64_t index);

/* Which element sample k of a tensor with `elements` elements is. */
uint64_t golden_sample(uint64_t k, uint64_t elements);

/* Fills `values` (row-major, the golden file's own layout) with a parameter of that kind. False: unknown
 * kind. */
bool golden_parameter(const char *name, const char *kind, double fan_in, uint64_t seed, uint64_t elements,
                      float *values);

/* Are an entry of the index and a network's file as documented? If not, `text` tells what is not. */
bool golden_check_entry(const json_t *entry, char *text, size_t size);
bool golden_check_network(const json_t *net, char *text, size_t size);

/* How far one network is from its golden file. Negative: the file has nothing to compare. */
typedef struct golden_result {
    bool params_equal, macs_equal;
    int64_t params, macs;
    double logits;    /* of all heads: largest difference / largest logit */
    double losses[4]; /* absolute differences before steps 1, 2, 3 and after them */
    double expected[4];
    double rounding[4]; /* with wrong losses: how far exact ones move when each weight is rounded once */
    double grad_norm;   /* largest relative difference of a gradient's norm */
    double probe;       /* largest difference of a probe product / norm */
    double sample;      /* largest difference of a sampled gradient element / norm */
    double stats;       /* running statistics after a step: norms and samples, relative */
    char worst[128];    /* the tensor of the worst gradient figure */
    char worst_stat[128];
    int64_t kinks; /* with wrong gradients: ReLUs and maxima decided otherwise than in double precision */
    double kink_distance; /* how far from the other decision they are at most, relative to their layer's root
                             mean square */
    char layer[160];      /* with wrong logits: the first layer that differs */
} golden_result;

/* What a network may be off by. Errors beyond are looked into, which takes longer than all the rest. */
typedef struct golden_limits {
    double logits, gradients, stats;
    double loss, loss_relative[4];
    double kinks; /* of gradients in single precision: beyond, ReLUs and maxima decided otherwise than in
                     double are looked for */
} golden_limits;

/* Builds the zoo network, runs it in `precision` at the kernel level in force, and compares. Training is that
 * of plans which are `exact`, or not. */
cairn_status golden_compare(cairn_ctx *ctx, const cairn_model *model, const char *set, const json_t *net,
                            cairn_dtype precision, bool exact, const golden_limits *limits,
                            golden_result *result);

#endif
