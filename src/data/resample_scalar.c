/* The passes of a resampling as any processor runs them. */
#define RESAMPLE(name) name##_scalar
#include "data/resample_passes.h"
