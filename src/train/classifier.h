/* Inside of a classifier. */
#ifndef CAIRN_CLASSIFIER_H
#define CAIRN_CLASSIFIER_H

#include <cairn/data.h>
#include <cairn/train.h>

/* What a network expects when a file says nothing: what the weights that people have were trained with, else
 * pixels between 0 and 1. */
cairn_preprocess cairn_preprocess_of(const cairn_model *model, const cairn_model_settings *settings);

/* The same part of a picture at another side; what has no square crop is resized to it as a whole. */
cairn_preprocess cairn_preprocess_at(const cairn_preprocess *preprocess, int side);

/* The weights, for another plan on them. */
cairn_weights *cairn_classifier_weights(cairn_classifier *classifier);

/* Gives them back; info->weights becomes NULL. */
void cairn_classifier_drop_weights(cairn_classifier *classifier);

/* How many pictures it takes at a time. */
int cairn_classifier_batch(const cairn_classifier *classifier);

/* What its plans are made with: precision and measured choices. */
cairn_plan_options cairn_classifier_options(const cairn_classifier *classifier);

#endif
