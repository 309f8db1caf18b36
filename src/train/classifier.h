/* Inside of a classifier. */
#ifndef CAIRN_CLASSIFIER_H
#define CAIRN_CLASSIFIER_H

#include <cairn/train.h>

/* The weights, for another plan on them. */
cairn_weights *cairn_classifier_weights(cairn_classifier *classifier);

/* How many pictures it takes at a time. */
int cairn_classifier_batch(const cairn_classifier *classifier);

#endif
