/* Copies of pixels for the gradient of weights: words that the outer form of the matrix product multiplies
 * (gemm/gemm.h), floats of a pixel or pairs of bfloat16 of two. */
#ifndef CAIRN_OPS_CONV2D_BWD_WEIGHTS_WORDS_H
#define CAIRN_OPS_CONV2D_BWD_WEIGHTS_WORDS_H

#include "ops/gemm/gemm.h"
#include "ops/simd/copy.h"

enum { CAIRN_WORD_PIXELS = CAIRN_GEMM_PAIRS ? 2 : 1 };

/* Words of so many channels, of the second pixel too if words have two; less than a vector of them is filled
 * up with zeros. */
CAIRN_INLINE void cairn_copy_words(float *to, const real *first, const real *second, int64_t channels)
{
#if CAIRN_GEMM_PAIRS
    cairn_pair_pixel(to, first, second, channels);
#else
    (void)second;
    for (int64_t c = 0; c < channels; c += CAIRN_LANES)
        vec_store(to + c, vec_load_part(first + c, vec_first(channels - c)));
#endif
}

#endif
