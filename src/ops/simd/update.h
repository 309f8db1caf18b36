/* The loop of the optimisers' vectorised updates: a rule gives the new weights from the old ones, the
 * gradient and the slots, which it changes. */
#ifndef CAIRN_OPS_SIMD_UPDATE_H
#define CAIRN_OPS_SIMD_UPDATE_H

#include "ops/real.h"
#include "ops/simd/vector.h"
#include "ops/update.h"

typedef vec cairn_update_rule(const void *rule, vec w, vec g, vec slots[CAIRN_UPDATE_MOST_SLOTS]);

/* A clip in floats; a factor of 1 and an infinite limit change no bit. */
typedef struct vec_clip {
    vec factor, limit;
} vec_clip;

CAIRN_INLINE vec_clip vec_clip_of(const cairn_clip *clip)
{
    return (vec_clip){vec_set((float)clip->factor), vec_set((float)clip->limit)};
}

CAIRN_INLINE vec vec_clipped(vec_clip clip, vec g)
{
    g *= clip.factor;
    g = vec_select(g > clip.limit, clip.limit, g);
    return vec_select(g < -clip.limit, -clip.limit, g);
}

CAIRN_INLINE void vec_update_some(cairn_update_rule *rule, const void *numbers, vec_clip clip, int slots,
                                  float *w, const float *g, float *const *slot, int64_t at, vec_mask part)
{
    vec states[CAIRN_UPDATE_MOST_SLOTS] = {{0}};
    for (int s = 0; s < slots; s++)
        states[s] = vec_load_part(slot[s] + at, part);
    vec updated =
        rule(numbers, vec_load_part(w + at, part), vec_clipped(clip, vec_load_part(g + at, part)), states);
    for (int s = 0; s < slots; s++)
        vec_store_part(slot[s] + at, states[s], part);
    vec_store_part(w + at, updated, part);
}

/* Elements begin ... end of all operands. */
CAIRN_INLINE void vec_update(const cairn_work *work, cairn_update_rule *rule, const void *numbers,
                             const cairn_clip *clip, int slots, int64_t begin, int64_t end)
{
    float *w = cairn_image_of(&work->out[0], 0), *slot[CAIRN_UPDATE_MOST_SLOTS] = {NULL};
    const float *g = cairn_image_of(&work->in[1], 0);
    for (int s = 0; s < slots; s++)
        slot[s] = cairn_image_of(&work->out[1 + s], 0);
    vec_clip limits = vec_clip_of(clip);
    vec_mask whole = vec_first(CAIRN_LANES);
    int64_t i = begin;
    for (; i + CAIRN_LANES <= end; i += CAIRN_LANES)
        vec_update_some(rule, numbers, limits, slots, w, g, slot, i, whole);
    if (i < end)
        vec_update_some(rule, numbers, limits, slots, w, g, slot, i, vec_first(end - i));
}

#endif
