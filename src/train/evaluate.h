/* A pass over a split without learning: shared by the evaluation of each epoch and cairn_evaluate. */
#ifndef CAIRN_EVALUATE_H
#define CAIRN_EVALUATE_H

#include "train/loader.h"
#include "train/metrics.h"
#include <cairn/models.h>
#include <cairn/plan.h>

/* A plan with the outputs "logits" and "losses", the network's own loss without label smoothing. It shares
 * the weights; batch, precision and tuning are those of `options`. */
cairn_status cairn_evaluation_plan(cairn_ctx *ctx, const cairn_model *model,
                                   const cairn_model_settings *settings, const cairn_preprocess *preprocess,
                                   const cairn_plan_options *options, cairn_weights *weights,
                                   cairn_plan **plan);

/* One batch after it was run. */
typedef struct cairn_evaluated {
    int64_t first; /* position in the split of image 0 */
    int n, classes;
    const float *logits;
    const int32_t *labels;
    const cairn_loader *loader; /* knows which pictures are broken: they are not in the tally */
    const cairn_tally *tally;
} cairn_evaluated;

/* Runs the plan over `count` images of the loader's split. After each batch `seen` is asked (NULL: nobody)
 * and ends the pass with CAIRN_INTERRUPTED by answering false. */
cairn_status cairn_evaluation_run(cairn_plan *plan, cairn_loader *loader, int64_t count, int classes,
                                  bool (*seen)(void *user, const cairn_evaluated *batch), void *user,
                                  cairn_tally *tally);

#endif
