/* Where a run stands: all that is not a tensor and that an exact resume needs. Stored as state.json, real
 * numbers by their bits. */
#ifndef CAIRN_STATE_H
#define CAIRN_STATE_H

#include "train/broken.h"
#include "train/metrics.h"
#include "train/schedule.h"

#define CAIRN_MOST_KEPT 16
#define CAIRN_STATE_BYTES ((size_t)64 << 20) /* of its text; a list of all of ImageNet would be 11 MB */

typedef struct cairn_state {
    int64_t epoch;      /* epochs finished */
    int64_t batch;      /* batches done in the running epoch */
    int64_t step;       /* batches done in all */
    int64_t skipped;    /* steps that changed nothing because something was not finite */
    int64_t bad_in_row; /* the last of them without a good one since */
    cairn_tally tally;  /* of the running epoch */
    cairn_plateau plateau;
    int64_t best_epoch; /* from 1; 0: none yet */
    double best_top1, last_top1;
    int64_t
        kept[CAIRN_MOST_KEPT]; /* epochs, from 1, whose weights are in weights/top, the best first; 0: none */
    double kept_top1[CAIRN_MOST_KEPT];
    int64_t results_bytes, metrics_bytes;        /* lengths of results.csv and metrics.jsonl */
    cairn_broken broken_train, broken_evaluated; /* pictures of the two splits */
} cairn_state;

/* At the beginning of a run. */
void cairn_state_begin(cairn_state *state);
/* Gives back its lists. */
void cairn_state_free(cairn_ctx *ctx, cairn_state *state);

/* Takes an epoch into the list of the `keep` best if it is one of them, the earlier first of equal ones.
 * Returns the epoch that left the list, 0: none, or the epoch itself when it does not belong. */
int64_t cairn_state_keep(cairn_state *state, int keep, int64_t epoch, double top1);

/* Text of state.json; cairn_free it. NULL: no memory. */
char *cairn_state_print(cairn_ctx *ctx, const cairn_state *state);
/* *state is to be given back whatever comes of it. CAIRN_INPUT naming the key, CAIRN_MEMORY. */
cairn_status cairn_state_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                               cairn_state *state);

#endif
