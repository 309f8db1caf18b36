/* The steps of an augmentation, between its files. */
#ifndef CAIRN_AUGMENT_STEPS_H
#define CAIRN_AUGMENT_STEPS_H

#include "data/augment/draws.h"
#include "data/resample.h"
#include <cairn/augment.h>

/* The draws of one operation on one picture. */
static inline cairn_draws cairn_draws_for(const cairn_augment_key *key, cairn_draw_op op)
{
    return cairn_draws_at(key->seed, CAIRN_STREAM_AUGMENT, op, key->sample, key->epoch);
}

/* ---- geometry.c ---- */

/* Whether a part is chosen of the picture as it is stored, not of what the chain leaves. */
bool cairn_augment_chooses_part(const cairn_augment *augment);

/* The part of a picture of from_h x from_w that becomes h x w. CAIRN_INPUT when its aspect is too extreme. */
cairn_status cairn_augment_part(cairn_ctx *ctx, const cairn_augment *augment, const cairn_augment_key *key,
                                int from_h, int from_w, int h, int w, cairn_span *rows, cairn_span *columns);

/* What the chain leaves of a picture, without its order of channels, and of that a random window of h x w
 * after zeros went around it. */
cairn_status cairn_augment_chain(cairn_ctx *ctx, const cairn_augment *augment,
                                 const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                 const cairn_picture *from, int h, int w, cairn_picture *to);

/* ---- trivial.c ---- */

cairn_status cairn_trivial_augment(cairn_ctx *ctx, const cairn_augment_key *key, cairn_picture *picture);

#endif
