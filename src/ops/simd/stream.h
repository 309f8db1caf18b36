/* Outputs that are not read soon are written past the caches, which then need not read them first. */
#ifndef CAIRN_OPS_SIMD_STREAM_H
#define CAIRN_OPS_SIMD_STREAM_H

#include "ops/real.h"
#include "ops/simd/vector.h"

/* Whether output 0 is one of those, and lies so that whole vectors of channels can be written. After the last
 * of them vec_stream_end. */
static inline bool cairn_may_stream(const cairn_work *work)
{
#if defined(CAIRN_STORE_BF16)
    (void)work;
    return false;
#else
    const cairn_operand *y = &work->out[0];
    return work->site->cold && y->pitch % CAIRN_LANES == 0 && (uintptr_t)y->data % CAIRN_VECTOR_BYTES == 0;
#endif
}

CAIRN_INLINE void vec_put(real *p, vec v, const bool stream)
{
#if !defined(CAIRN_STORE_BF16)
    if (stream) {
        vec_stream(p, v);
        return;
    }
#endif
    (void)stream;
    vec_store(p, v);
}

#endif
