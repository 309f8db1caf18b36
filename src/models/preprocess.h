/* How pictures are prepared for the weights that people have: one record for each convention, shared by the
 * networks of the zoo. A file of weights may say otherwise. */
#ifndef CAIRN_MODELS_PREPROCESS_H
#define CAIRN_MODELS_PREPROCESS_H

#include <cairn/data.h>

/* ImageNet, torchvision: bilinear, mean and deviation of the training set. */
extern const cairn_preprocess cairn_preprocess_torch;     /* 256, crop 224 */
extern const cairn_preprocess cairn_preprocess_torch_232; /* 232, crop 224: torchvision's newer recipes */
extern const cairn_preprocess cairn_preprocess_torch_299; /* 342, crop 299 */

/* The same, but -1..1: networks whose weights torchvision took over from elsewhere. */
extern const cairn_preprocess cairn_preprocess_torch_half;     /* 256, crop 224 */
extern const cairn_preprocess cairn_preprocess_torch_half_299; /* 342, crop 299 */

/* ImageNet, timm: bicubic, and "half" maps bytes to -1..1 (mean and deviation 0.5). */
extern const cairn_preprocess cairn_preprocess_timm_half;     /* 235, crop 224 */
extern const cairn_preprocess cairn_preprocess_timm_half_299; /* 341, crop 299 */
extern const cairn_preprocess cairn_preprocess_timm_half_333; /* 333, crop 299: Inception-ResNet v2 */

/* ImageNet, Keras: "caffe" subtracts the mean of blue, green and red from the bytes; "tf" maps them to -1..1.
 */
extern const cairn_preprocess cairn_preprocess_keras_caffe;  /* 256, crop 224 */
extern const cairn_preprocess cairn_preprocess_keras_tf;     /* 256, crop 224 */
extern const cairn_preprocess cairn_preprocess_keras_tf_299; /* 342, crop 299 */

/* ImageNet, Caffe: both sides to 256, whatever the aspect; blue, green and red minus 104, 117 and 123. */
extern const cairn_preprocess cairn_preprocess_caffe_224;
extern const cairn_preprocess cairn_preprocess_caffe_227;

/* 32 x 32 pixels as they are, mean and deviation of the training set. */
extern const cairn_preprocess cairn_preprocess_cifar10;

#endif
