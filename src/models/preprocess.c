/* The conventions by which pictures are prepared; preprocess.h says whose they are. */
#include "models/preprocess.h"

/* Red, green, blue of ImageNet's training pictures, in 0..1; Krizhevsky's followers all use these. */
#define IMAGENET_STATISTICS .mean = {0.485f, 0.456f, 0.406f}, .std = {0.229f, 0.224f, 0.225f}
#define HALF .mean = {0.5f, 0.5f, 0.5f}, .std = {0.5f, 0.5f, 0.5f}
#define CAFFE_MEAN .bgr = true, .scale = 1, .mean = {104, 117, 123}, .std = {1, 1, 1}
#define COLOUR(resize_, crop_) .resize = (resize_), .crop = (crop_), .channels = 3

const cairn_preprocess cairn_preprocess_torch = {COLOUR(256, 224), IMAGENET_STATISTICS};
const cairn_preprocess cairn_preprocess_torch_232 = {COLOUR(232, 224), IMAGENET_STATISTICS};
const cairn_preprocess cairn_preprocess_torch_299 = {COLOUR(342, 299), IMAGENET_STATISTICS};
const cairn_preprocess cairn_preprocess_torch_half = {COLOUR(256, 224), HALF};
const cairn_preprocess cairn_preprocess_torch_half_299 = {COLOUR(342, 299), HALF};

const cairn_preprocess cairn_preprocess_timm_half = {COLOUR(235, 224), .filter = CAIRN_BICUBIC, HALF};
const cairn_preprocess cairn_preprocess_timm_half_299 = {COLOUR(341, 299), .filter = CAIRN_BICUBIC, HALF};
const cairn_preprocess cairn_preprocess_timm_half_333 = {COLOUR(333, 299), .filter = CAIRN_BICUBIC, HALF};

const cairn_preprocess cairn_preprocess_keras_caffe = {
    COLOUR(256, 224), .bgr = true, .scale = 1, .mean = {103.939f, 116.779f, 123.68f}, .std = {1, 1, 1}};
const cairn_preprocess cairn_preprocess_keras_tf = {COLOUR(256, 224), .scale = 127.5f, .mean = {1, 1, 1},
                                                    .std = {1, 1, 1}};
const cairn_preprocess cairn_preprocess_keras_tf_299 = {COLOUR(342, 299), .scale = 127.5f, .mean = {1, 1, 1},
                                                        .std = {1, 1, 1}};

const cairn_preprocess cairn_preprocess_caffe_224 = {COLOUR(256, 224), .squash = true, CAFFE_MEAN};
const cairn_preprocess cairn_preprocess_caffe_227 = {COLOUR(256, 227), .squash = true, CAFFE_MEAN};

const cairn_preprocess cairn_preprocess_cifar10 = {COLOUR(32, 32), .mean = {0.4914f, 0.4822f, 0.4465f},
                                                   .std = {0.2470f, 0.2435f, 0.2616f}};
