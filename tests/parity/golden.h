/* Golden networks: weights and inputs by formula, expected numbers from JSON. The formula is documented with
 * the golden data: FNV-1a of the tensor's name, a 64-bit finaliser of (hash, seed, index), 24 bits of it. */
#ifndef CAIRN_TESTS_GOLDEN_H
#define CAIRN_TESTS_GOLDEN_H

#include <cairn/cairn.h>
#include <jansson.h>

/* Element `index` of the uniform sequence of a name, in [-1, 1). */
double golden_unit(const char *name, uint64_t seed, uint64_t index);

/* Which element sample k of a tensor with `elements` elements is. */
uint64_t golden_sample(uint64_t k, uint64_t elements);

/* Fills `values` (row-major, the golden file's own layout) with a parameter of that kind. False: unknown
 * kind. */
bool golden_parameter(const char *name, const char *kind, double fan_in, uint64_t seed, uint64_t elements,
                      float *values);

/* How far one network is from its golden file. Negative: the file has nothing to compare. */
typedef struct golden_result {
    bool params_equal, macs_equal;
    double logits; /* largest difference / largest logit */
    double losses; /* largest relative difference of the losses before each of three steps and after them */
    double grad_norm; /* largest relative difference of a gradient's norm */
    double probe;     /* largest difference of a probe product / norm */
    double sample;    /* largest difference of a sampled gradient element / norm */
    char worst[128];  /* the parameter of the worst gradient figure */
} golden_result;

/* Builds the zoo network, runs it in `precision` at the kernel level in force, and compares. */
cairn_status golden_compare(cairn_ctx *ctx, const cairn_model *model, const char *set, const json_t *net,
                            cairn_dtype precision, golden_result *result);

#endif
