/* Evaluation on several views of each picture: softmax is averaged over them, in double and in a fixed order.
 */
#ifndef CAIRN_VIEWS_H
#define CAIRN_VIEWS_H

#include "train/loader.h"
#include "train/metrics.h"
#include <cairn/train.h>

/* Each fills the arrays of `evaluation` and the tally. */
cairn_status cairn_evaluate_ten_crops(cairn_ctx *ctx, cairn_classifier *classifier,
                                      const cairn_loader_options *loading, cairn_evaluation *evaluation,
                                      cairn_tally *tally);
cairn_status cairn_evaluate_scales(cairn_ctx *ctx, cairn_classifier *classifier,
                                   const cairn_loader_options *loading, const cairn_evaluate_options *options,
                                   cairn_evaluation *evaluation, cairn_tally *tally);

/* Notes the answer for the image at a place; answer -1: its picture could not be read. */
void cairn_evaluation_record(cairn_evaluation *evaluation, int64_t at, int truth, int answer,
                             float confidence);

#endif
