/* What the parts of the comparison of one network share. */
#ifndef CAIRN_TESTS_COMPARE_H
#define CAIRN_TESTS_COMPARE_H

#include "parity/golden.h"

typedef struct comparison {
    cairn_ctx *ctx;
    const cairn_model *model;
    const json_t *net;
    cairn_dtype precision;
    bool exact; /* sums in training */
    const golden_limits *limits;
    golden_result *result;
} comparison;

static inline double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static inline double item(const json_t *array, size_t index)
{
    return json_number_value(json_array_get(array, index));
}

static inline uint64_t seed_of(const json_t *section)
{
    return (uint64_t)json_integer_value(json_object_get(section, "seed"));
}

/* ---- compare.c ---- */

/* The network's parameters by the formula, or each filled with its own number, bound to the graph. */
cairn_status golden_bind(const comparison *c, const cairn_graph *graph, uint64_t seed, bool numbered,
                         cairn_weights **weights);
/* Which of our tensors each golden parameter became, as indices of the bound container; -1: none. To be
 * freed; NULL: failed. */
int *golden_trace_names(const comparison *c, const cairn_graph *graph);
void golden_fill_image(cairn_plan *plan, cairn_dtype precision, uint64_t seed, int batch);
double golden_value_at(const void *data, cairn_dtype precision, uint64_t index);

/* ---- training.c ---- */

/* Ready for the first step: weights, state, and a plan with image and labels in it. */
typedef struct golden_training {
    cairn_weights *weights, *state;
    cairn_plan *plan;
} golden_training;

/* Ended also after an error. keep_all: every layer's output can be read after a run. */
cairn_status golden_start_training(const comparison *c, const cairn_graph *graph, bool keep_all,
                                   golden_training *t);
void golden_end_training(golden_training *t);

/* Compares a few training steps, into the result. */
cairn_status golden_train(const comparison *c, const cairn_graph *graph);

/* ---- kinks.c ---- */

/* Counts the ReLUs that decide otherwise in single than in double precision, into the result. */
cairn_status golden_find_kinks(const comparison *c, const cairn_graph *graph);

#endif
