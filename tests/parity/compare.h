/* What the parts of the comparison of one network share. */
#ifndef CAIRN_TESTS_COMPARE_H
#define CAIRN_TESTS_COMPARE_H

#include "parity/golden.h"

typedef struct comparison {
    cairn_ctx *ctx;
    const cairn_model *model;
    const json_t *net;
    cairn_dtype precision;
    golden_result *result;
} comparison;

/* Ready for the first step: weights, state, and a plan with image and labels in it. */
typedef struct golden_training {
    cairn_weights *weights, *state;
    cairn_plan *plan;
} golden_training;

/* Ended also after an error. keep_all: every layer's output can be read after a run. */
cairn_status golden_start_training(const comparison *c, const cairn_graph *graph, bool keep_all,
                                   golden_training *t);
void golden_end_training(golden_training *t);

/* Counts the ReLUs that decide otherwise in single than in double precision, into the result. */
cairn_status golden_find_kinks(const comparison *c, const cairn_graph *graph);

#endif
