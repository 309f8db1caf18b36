/* Checkpoints: checkpoints/step-N/ with model.safetensors, train.safetensors, state.json and MANIFEST.json,
 * and the small files "last" and "best" that name one. A save is whole or does not exist: everything is
 * written and made durable in step-N.tmp, the manifest last, before one rename makes it step-N. The order of
 * a removal is the reverse. */
#ifndef CAIRN_CHECKPOINT_H
#define CAIRN_CHECKPOINT_H

#include "train/manifest.h"
#include "train/state.h"
#include <cairn/weights.h>

typedef struct cairn_checkpoints {
    cairn_ctx *ctx;
    char *folder;
    cairn_identity identity;
} cairn_checkpoints;

/* What a checkpoint holds. */
typedef struct cairn_saved {
    cairn_weights *model, *train;
    cairn_state state;
} cairn_saved;

/* Makes the folder in a run's folder if need be and removes what interrupted saves left there. CAIRN_IO, also
 * when the folder is a link: nothing outside the run may be touched. */
cairn_status cairn_checkpoints_open(cairn_ctx *ctx, const char *run, const cairn_identity *identity,
                                    cairn_checkpoints *checkpoints);
void cairn_checkpoints_close(cairn_checkpoints *checkpoints);

/* Saves under state.step, then removes all but the last two and the best. On failure the older ones are
 * untouched. */
cairn_status cairn_checkpoint_save(const cairn_checkpoints *checkpoints, const cairn_saved *saved, bool best);

/* Loads the last one that is sound, with a warning for each that is not. *found is false when there is none
 * at all; cairn_saved_free what was found. CAIRN_INPUT when there are some and none is sound; CAIRN_USAGE
 * when they belong to other settings or data. */
cairn_status cairn_checkpoint_load(const cairn_checkpoints *checkpoints, cairn_saved *saved, bool *found);
void cairn_saved_free(cairn_ctx *ctx, cairn_saved *saved);

#endif
